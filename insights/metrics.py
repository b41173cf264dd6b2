"""The counters of a roll-up, and how each follows from events and from the ledger.

Some count events: every deferral, every open. Others count messages, each once however often and
by whomever it was reported: they follow from the facts on the ledger row, which are the earliest
time of each thing. A message counts as delivered only while no bounce of it is known. A HEAD
request asks where something is, and gets nothing: it is evidence of a machine, and counts for
nothing.
"""

from __future__ import annotations

from insights.events import Actor, BounceClass, EventType

# Counters of events: the condition on an event.
EVENT_COUNTERS: dict[str, str] = {
    "sent": f"event_type = '{EventType.SENT}'",
    "deferred": f"event_type = '{EventType.DEFERRED}'",
    "failed": f"event_type = '{EventType.FAILED}'",
    "opens": f"event_type = '{EventType.OPENED}' AND actor = '{Actor.HUMAN}'",
    "machine_opens": f"event_type = '{EventType.OPENED}' AND actor <> '{Actor.HUMAN}'"
    " AND method <> 'HEAD'",
    "clicks": f"event_type = '{EventType.CLICKED}' AND actor = '{Actor.HUMAN}'",
    "machine_clicks": f"event_type = '{EventType.CLICKED}' AND actor <> '{Actor.HUMAN}'"
    " AND method <> 'HEAD'",
}

# Facts of a message: the column of the ledger, and the condition on an event that it comes from.
FACTS: dict[str, str] = {
    "delivered_at": f"event_type = '{EventType.DELIVERED}'",
    "bounced_at": f"event_type = '{EventType.BOUNCED}'",
    "opened_at": EVENT_COUNTERS["opens"],
    "clicked_at": EVENT_COUNTERS["clicks"],
    "replied_at": f"event_type = '{EventType.REPLIED}'",
    "unsubscribed_at": f"event_type = '{EventType.UNSUBSCRIBED}'",
    "complained_at": f"event_type = '{EventType.COMPLAINED}'",
}

# Counters of messages: when they count, as a time, from the facts of a row called {row}.
MESSAGE_COUNTERS: dict[str, str] = {
    "delivered": "CASE WHEN {row}.bounced_at IS NULL THEN {row}.delivered_at END",
    "bounced": "{row}.bounced_at",
    **{
        f"bounced_{bounce_class}": "CASE WHEN {row}.bounce_class = "
        f"'{bounce_class}' THEN {{row}}.bounced_at END"
        for bounce_class in BounceClass
    },
    "unique_opens": "{row}.opened_at",
    "unique_clicks": "{row}.clicked_at",
    "replies": "{row}.replied_at",
    "unsubscribes": "{row}.unsubscribed_at",
    "complaints": "{row}.complained_at",
}

COUNTERS = (*EVENT_COUNTERS, *MESSAGE_COUNTERS)
DIMENSIONS = (
    "organization_id", "campaign_id", "provider", "identity_id", "list_id", "ip", "stream",
    "variant",
)  # fmt: skip

# The hour of UTC that a time called {at} lies in, whatever the zone of the connection.
HOUR = "date_bin('1 hour', {at}, TIMESTAMPTZ '2000-01-01 00:00+00')"
# The name of the counter that an event counts for, or NULL.
EVENT_COUNTER = (
    "CASE "
    + " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in EVENT_COUNTERS.items())
    + " END"
)
# Whether anything on the ledger follows from an event.
IS_FACT = " OR ".join(f"({condition})" for condition in FACTS.values())

# What the hourly counts are summed up by, and how a count called h says to which part it belongs.
EVERYTHING = "all"
SUMMED_BY = {
    EVERYTHING: "''",
    "campaign": "h.campaign_id",
    "provider": "h.provider",
    "identity": "h.identity_id",
    "list": "h.list_id",
    "ip": "h.ip",
    "stream": "h.stream",
    "variant": "h.variant",
}
# Sums beside the counters: what was delivered by campaigns that have this switched on.
TRACKED = {"tracked_opens": "track_opens", "tracked_clicks": "track_clicks"}
