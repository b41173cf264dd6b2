"""The table of mailbox providers and security gateways, as it is known to us.

Sources: the MX records that the providers publish, and the names by which open-source mail
programs (KumoMTA, Sisimai) group them. See docs/mailbox-providers.md.
"""

from django.db import migrations

# Provider -> ends of the names of its mail servers.
SERVERS = {
    "google_workspace": ("google.com", "googlemail.com"),
    "outlook": ("olc.protection.outlook.com",),
    "microsoft365": (
        "mail.protection.outlook.com",
        "mx.microsoft",
        "mail.protection.office365.us",
        "mail.protection.partner.outlook.cn",
    ),
    "yahoo": ("yahoodns.net",),
    "yahoo_japan": ("yahoo.co.jp",),
    "apple": ("icloud.com", "apple.com"),
    "au": ("ezweb.ne.jp", "msmx.au.com"),
    "comcast": ("comcast.net",),
    "cox": ("cox.net",),
    "daum": ("daum.net",),
    "docomo": ("docomo.ne.jp",),
    "email_ua": ("email.ua",),
    "fastmail": ("messagingengine.com",),
    "free": ("free.fr",),
    "gmx": ("gmx.net", "web.de"),
    "godaddy": ("secureserver.net",),
    "ionos": ("ionos.com", "ionos.de", "ionos.co.uk", "ionos.es", "ionos.fr", "kundenserver.de",
              "1and1.com"),
    "kpn": ("kpnmail.nl",),
    "laposte": ("laposte.net",),
    "libero": ("libero.it",),
    "mailru": ("mail.ru",),
    "naver": ("naver.com",),
    "netease": ("netease.com",),
    "netvigator": ("netvigator.com",),
    "orange": ("orange.fr", "wanadoo.fr"),
    "ovh": ("ovh.net",),
    "proton": ("protonmail.ch",),
    "seznam": ("seznam.cz",),
    "spectrum": ("charter.net",),
    "t_online": ("t-online.de",),
    "tencent": ("qq.com",),
    "yandex": ("yandex.net", "yandex.ru"),
    "zoho": ("zoho.com", "zoho.eu", "zoho.in"),
}  # fmt: skip
# Security gateway -> likewise.
GATEWAYS = {
    "area1": ("mxrecord.io",),
    "barracuda": ("barracudanetworks.com",),
    "cisco": ("iphmx.com",),
    "forcepoint": ("mailcontrol.com",),
    "hornetsecurity": ("hornetsecurity.com", "antispameurope.com"),
    "mimecast": ("mimecast.com", "mimecast.co.za", "mimecast-offshore.com"),
    "proofpoint": ("pphosted.com",),
    "proofpoint_essentials": ("ppe-hosted.com",),
    "retarus": ("retarus.com",),
    "sophos": ("sophos.com",),
    "symantec": ("messagelabs.com",),
    "trellix": ("fireeyecloud.com",),
    "trend_micro": ("trendmicro.com", "trendmicro.eu"),
}
# Provider -> domains at which everybody can have an address: known without DNS.
DOMAINS = {
    "gmail": ("gmail.com", "googlemail.com"),
    "outlook": (
        "outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "hotmail.de",
        "hotmail.es", "hotmail.fr", "hotmail.it", "live.co.uk", "live.de", "live.fr", "live.it",
        "live.nl", "outlook.de", "outlook.es", "outlook.fr", "outlook.it", "outlook.jp",
    ),
    "yahoo": (
        "yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.ca", "yahoo.co.in",
        "yahoo.co.uk", "yahoo.com.ar", "yahoo.com.br", "yahoo.com.mx", "yahoo.de", "yahoo.es",
        "yahoo.fr", "yahoo.it",
    ),
    "yahoo_japan": ("yahoo.co.jp",),
    "apple": ("icloud.com", "me.com", "mac.com"),
    "comcast": ("comcast.net",),
    "daum": ("daum.net", "hanmail.net"),
    "docomo": ("docomo.ne.jp",),
    "fastmail": ("fastmail.com", "fastmail.fm"),
    "free": ("free.fr",),
    "gmx": ("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de"),
    "laposte": ("laposte.net",),
    "libero": ("libero.it",),
    "mailru": ("mail.ru", "bk.ru", "inbox.ru", "list.ru"),
    "naver": ("naver.com",),
    "netease": ("163.com", "126.com", "yeah.net"),
    "orange": ("orange.fr", "wanadoo.fr"),
    "proton": ("proton.me", "protonmail.com", "pm.me"),
    "seznam": ("seznam.cz",),
    "t_online": ("t-online.de",),
    "tencent": ("qq.com", "foxmail.com"),
    "yandex": ("yandex.ru", "yandex.com", "ya.ru"),
}  # fmt: skip


def _rules():
    """Yield kind, pattern and what the rule says, one after the other."""
    for column, kind, table in (
        ("provider", "mx", SERVERS),
        ("gateway", "mx", GATEWAYS),
        ("provider", "domain", DOMAINS),
    ):
        for key, patterns in table.items():
            for pattern in patterns:
                yield kind, pattern, {column: key}


def seed(apps, schema_editor):
    """Add the rules that are not there."""
    rule = apps.get_model("insights", "ProviderRule")
    rule.objects.bulk_create(
        [rule(kind=kind, pattern=pattern, **said) for kind, pattern, said in _rules()],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    """Fills the table; the way back leaves it, since people change it."""

    dependencies = [("insights", "0004_mailbox_providers")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
