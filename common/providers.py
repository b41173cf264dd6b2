"""What people call mailbox providers and security gateways; the one place that says so.

Everything else speaks of them by key. A key without words here, such as one that somebody made up
for a rule of their own, is shown as it reads.
"""

from __future__ import annotations

from typing import Final

UNKNOWN: Final = "unknown"  # not looked up yet, or the nameservers do not answer: to be tried again
OTHER: Final = "other"  # looked up, and no rule knows these mail servers
NO_MAIL: Final = "none"  # looked up, and the domain takes no mail

PROVIDER_NAMES: Final = {
    "gmail": "Gmail",
    "google_workspace": "Google Workspace",
    "outlook": "Outlook",
    "microsoft365": "Microsoft 365",
    "yahoo": "Yahoo",
    "yahoo_japan": "Yahoo Japan",
    "apple": "Apple",
    "au": "au",
    "comcast": "Comcast",
    "cox": "Cox",
    "daum": "Daum",
    "docomo": "NTT Docomo",
    "email_ua": "email.ua",
    "fastmail": "Fastmail",
    "free": "Free",
    "gmx": "GMX and WEB.DE",
    "godaddy": "GoDaddy",
    "ionos": "IONOS",
    "kpn": "KPN",
    "laposte": "La Poste",
    "libero": "Libero",
    "mailru": "Mail.ru",
    "naver": "Naver",
    "netease": "NetEase",
    "netvigator": "Netvigator",
    "orange": "Orange",
    "ovh": "OVH",
    "proton": "Proton",
    "seznam": "Seznam",
    "spectrum": "Spectrum",
    "t_online": "T-Online",
    "tencent": "Tencent",
    "yandex": "Yandex",
    "zoho": "Zoho",
    OTHER: "Others",
    NO_MAIL: "Takes no mail",
    UNKNOWN: "Not known yet",
}
GATEWAY_NAMES: Final = {
    "area1": "Cloudflare Area 1",
    "barracuda": "Barracuda",
    "cisco": "Cisco Secure Email",
    "forcepoint": "Forcepoint",
    "hornetsecurity": "Hornetsecurity",
    "mimecast": "Mimecast",
    "proofpoint": "Proofpoint",
    "proofpoint_essentials": "Proofpoint Essentials",
    "retarus": "Retarus",
    "sophos": "Sophos",
    "symantec": "Symantec Email Security",
    "trellix": "Trellix",
    "trend_micro": "Trend Micro",
}


def provider_name(provider: str) -> str:
    """Return a mailbox provider as people call it."""
    return PROVIDER_NAMES.get(provider) or _as_it_reads(provider)


def gateway_name(gateway: str) -> str:
    """Return a security gateway as people call it; empty for none."""
    return GATEWAY_NAMES.get(gateway) or _as_it_reads(gateway)


def _as_it_reads(key: str) -> str:
    return key.replace("_", " ").capitalize()
