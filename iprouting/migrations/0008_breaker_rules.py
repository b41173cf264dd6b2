"""What providers write when they want less mail, and how much they take: where people start from.

Sources: the shaping rules that the KumoMTA project publishes (what a wording means, how many within
how long, for how long), stated anew as rows. See docs/breakers.md.
"""

from django.db import migrations

MINUTE, HOUR = 60, 3600
# Provider, meaning, regular expression, answers, within, action, for, messages a minute, connections
RULES = (
    ("yahoo", "Complaints or volume (TSS04)", r"\[?(?:TSS|IPTS)04\]?", 2, HOUR, "suspend", 2 * HOUR,
     None, None),
    ("yahoo", "Complaints or volume, long (TSS05)", r"\[?(?:TSS|IPTS)05\]?", 2, HOUR, "suspend",
     4 * HOUR, None, None),
    ("yahoo", "Unusual traffic (TS02)", r"\bTS02\b", 3, HOUR, "slow", 30 * MINUTE, 1, None),
    ("yahoo", "Deferred for its reputation (TS03)", r"\bTS03\b", 3, HOUR, "slow", 30 * MINUTE, 10,
     None),
    ("yahoo", "The IP is on a block list", r"^553 5\.7\.1 \[BL", 5, HOUR, "suspend", 2 * HOUR, None,
     None),
    ("gmail", "Unusual rate of mail", r"unusual rate", 2, HOUR, "slow", 30 * MINUTE, 10, None),
    ("gmail", "The system has detected something", r"system has detected", 5, HOUR, "suspend", HOUR,
     None, None),
    ("outlook", "The network is on its block list", r"network is on our block list", 5, HOUR,
     "suspend", 2 * HOUR, None, None),
    ("outlook", "Rate limited", r"rate limited|has been temporarily rate", 3, HOUR, "suspend",
     30 * MINUTE, None, None),
    ("outlook", "Server busy", r"server busy", 5, HOUR, "slow", 30 * MINUTE, 1, None),
    ("outlook", "Too many connections", r"too many .{0,30}connections|connection limit", 2, HOUR,
     "slow", HOUR, None, 1),
    ("apple", "Deferred for its reputation (HCM1)", r"\[?HM08\]?|\bHCM1\b", 3, HOUR, "suspend",
     15 * MINUTE, None, None),
    ("apple", "A domain is on the Spamhaus block list", r"spamhaus.{0,60}\bDBL\b|\bDBL\b.{0,60}spamhaus",
     3, HOUR, "suspend", 4 * HOUR, None, None),
    ("gmx", "Violates its policy", r"policy violation|violation of .{0,20}policy", 5, HOUR,
     "suspend", HOUR, None, None),
    ("comcast", "Too many messages (RL000010)", r"RL000010", 1, HOUR, "suspend", 5 * MINUTE, None,
     None),
    ("", "Deferred or busy", r"^4.{0,60}(?:temporarily deferred|server (?:is )?busy|too busy)", 1,
     HOUR, "slow", 90 * MINUTE, 1, 1),
    ("", "Too many connections or messages", r"^4.{0,60}\btoo many (?:\w+ ){0,3}"
     r"(?:connections|sessions|messages|e?mails)", 3, HOUR, "suspend", 15 * MINUTE, None, None),
)  # fmt: skip
# Both take their mail through the same servers' rules.
SAME = {"gmail": ("google_workspace",), "outlook": ("microsoft365",)}
# Provider: messages a minute, connections, messages of each connection.
LIMITS = {
    "": (6000, 10, 100),
    "gmail": (6000, 5, 50),
    "google_workspace": (6000, 5, 50),
    "yahoo": (6000, 10, 20),
    "outlook": (6000, 5, 50),
    "microsoft365": (6000, 5, 50),
    "apple": (6000, 10, 5),
    "orange": (6000, 2, 100),
}


def seed(apps, schema_editor):
    """Add the rules and limits to empty tables."""
    rule = apps.get_model("iprouting", "BreakerRule")
    if not rule.objects.exists():
        rule.objects.bulk_create(_rules(rule))
    limit = apps.get_model("iprouting", "ProviderLimit")
    limit.objects.bulk_create(
        [
            limit(
                provider=provider,
                rate_per_minute=rate,
                connections=connections,
                messages_per_connection=messages,
            )
            for provider, (rate, connections, messages) in LIMITS.items()
        ],
        ignore_conflicts=True,
    )


def _rules(rule):
    """Yield the rules, those that two providers share once for each."""
    for provider, name, pattern, matches, window, action, duration, rate, connections in RULES:
        for key in (provider, *SAME.get(provider, ())):
            yield rule(
                provider=key,
                name=name,
                kind="expression",
                pattern=pattern,
                answer_count=matches,
                window_seconds=window,
                effect=action,
                duration_seconds=duration,
                rate_per_minute=rate,
                connections=connections,
            )


class Migration(migrations.Migration):
    """Fills the tables; the way back leaves them, since people change them."""

    dependencies = [("iprouting", "0007_breakers")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
