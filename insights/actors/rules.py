"""The rules by which an open or click is said to be of a person or of a machine.

Each rule is a piece of evidence with a weight: the logarithm of how many times likelier it makes a
machine (above 0) or a person (below). The weights of all that apply are added. Where they come
from, and what was tried and dropped: docs/machine-opens.md, "Rules".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from insights.actors.agents import Agent, AgentKind, agent_named
from insights.actors.hits import Hit, HitKind
from insights.actors.scene import BURST, Scene

AT_ONCE: Final = timedelta(seconds=2)  # after delivery: nobody has seen the message yet
SOON: Final = timedelta(seconds=10)  # after delivery: few people are that quick
LATER: Final = timedelta(seconds=60)  # after delivery: most scanners are done
MANY_LINKS: Final = 3  # within moments
HISTORY_MESSAGES: Final = 20  # fewer say nothing about a domain
HISTORY_SHARE: Final = 0.3  # of messages with a click within `SOON`; people alone stay far below
CLAIMED_MACHINE: Final = "claimed_machine"  # the one reason that a report can bring along


@dataclass(frozen=True, slots=True)
class Look:
    """One hit among the others of its message."""

    hit: Hit
    agent: Agent | None  # None if the user agent is not known
    since: timedelta | None  # since delivery, at most
    scene: Scene

    def is_a(self, *kinds: AgentKind) -> bool:
        """Say whether the user agent is known to be of one of these kinds."""
        return self.agent is not None and self.agent.kind in kinds

    @property
    def at_once(self) -> bool:
        """Whether it came before anybody can have seen the message."""
        return self.since is not None and self.since < AT_ONCE

    @property
    def soon(self) -> bool:
        """Whether it came sooner than most people read; at once included."""
        return self.since is not None and self.since < SOON

    @property
    def is_click(self) -> bool:
        """Whether it is a click."""
        return self.hit.kind == HitKind.CLICK


@dataclass(frozen=True, slots=True)
class Rule:
    """A piece of evidence."""

    name: str
    weight: float
    words: str  # for people: what was seen
    applies: Callable[[Look], bool]


def look(hit: Hit, scene: Scene) -> Look:
    """Return a hit as the rules see it."""
    return Look(hit, agent_named(hit.agent), scene.since_delivery(hit), scene)


def _fast_domain(look: Look) -> bool:
    history = look.scene.context.history
    return (
        look.soon
        and history is not None
        and history.messages >= HISTORY_MESSAGES
        and history.fast_share >= HISTORY_SHARE
    )


def _alone_after_burst(look: Look) -> bool:
    return (
        look.is_click
        and look.scene.links_at_once(look.hit) == 1
        and bool(look.scene.bursts)
        and look.scene.bursts[0].end + BURST < look.hit.at
    )


def _opened_with_burst(look: Look) -> bool:
    return not look.is_click and any(
        len(burst.links) >= MANY_LINKS
        and burst.begin - BURST <= look.hit.at <= burst.end + BURST
        and look.hit.network in burst.networks
        for burst in look.scene.bursts_near(look.hit)
    )


def _later(look: Look) -> bool:
    delivered = look.scene.context.delivered_at is not None
    return delivered and look.since is not None and look.since >= LATER


RULES: Final = (
    Rule("hidden_link", 7, "It followed a link that no person can see.",
         lambda look: look.is_click and look.hit.link_number is not None
         and look.hit.link_number == look.scene.context.hidden_link),
    Rule("with_hidden_link", 6, "It came along with a click on a link that no person can see.",
         lambda look: look.scene.near_hidden_link(look.hit)),
    Rule("prefetch", 6, "The mail provider loads pictures before anybody reads.",
         lambda look: look.is_a(AgentKind.PREFETCH)),
    Rule("proxy_repeat", 6, "A proxy for pictures fetched the same again within a second.",
         lambda look: look.is_a(AgentKind.IMAGE_PROXY) and look.scene.repeats_proxy(look.hit)),
    Rule("head_request", 6, "It asked for the address without following it (HEAD).",
         lambda look: look.hit.method == "HEAD"),
    Rule(CLAIMED_MACHINE, 5, "The sending provider says that it was a machine.",
         lambda look: look.hit.claimed_machine),
    Rule("scanner", 5, "The program names itself as a scanner, a crawler or a tool.",
         lambda look: look.is_a(AgentKind.SCANNER)),
    Rule("many_links_at_once", 5, "Three links or more were followed within two seconds.",
         lambda look: look.scene.links_at_once(look.hit) >= MANY_LINKS),
    Rule("two_links_at_once", 2.5, "Two links were followed within two seconds.",
         lambda look: look.scene.links_at_once(look.hit) == MANY_LINKS - 1),
    Rule("all_links_in_order", 4, "All links were followed from top to bottom.",
         lambda look: look.is_click and any(w.holds(look.hit.at) for w in look.scene.walks)),
    Rule("open_with_burst", 4, "It came with many clicks at once from the same network.",
         _opened_with_burst),
    Rule("get_after_head", 4, "The same program asked without following as well (HEAD).",
         lambda look: look.hit.method != "HEAD" and look.scene.follows_head(look.hit)),
    Rule("known_machine_network", 4, "Machines are known to come from this network.",
         lambda look: look.hit.network in look.scene.context.machine_networks),
    Rule("at_once", 4, "It came within two seconds of delivery.",
         lambda look: look.at_once),
    Rule("soon", 1.5, "It came within ten seconds of delivery.",
         lambda look: look.soon and not look.at_once),
    Rule("soon_by_proxy", 2, "A proxy for pictures came within ten seconds of delivery.",
         lambda look: look.soon and look.is_a(AgentKind.IMAGE_PROXY)),
    Rule("soon_behind_gateway", 1, "A security gateway stands before this mailbox.",
         lambda look: look.is_click and look.soon and bool(look.scene.context.gateway)),
    Rule("fast_domain", 2.5, "At this domain many first clicks come within ten seconds.",
         _fast_domain),
    Rule("several_networks", 3, "The same was asked for from several networks in one second.",
         lambda look: look.scene.several_addresses(look.hit)),
    Rule("no_user_agent", 3, "The program does not say what it is.",
         lambda look: look.is_a(AgentKind.NONE)),
    Rule("mail_client", -2.5, "It is a mail program.",
         lambda look: look.is_a(AgentKind.MAIL_CLIENT)),
    Rule("image_proxy", -2, "The mail provider loads pictures when its user reads.",
         lambda look: look.is_a(AgentKind.IMAGE_PROXY)),
    Rule("browser", -1.5, "It is an ordinary browser.",
         lambda look: look.is_a(AgentKind.BROWSER)),
    Rule("later", -1, "It came a minute or more after delivery.", _later),
    Rule("alone_after_burst", -1, "A single click, some time after many at once.",
         _alone_after_burst),
)  # fmt: skip
_WORDS: Final = {rule.name: rule.words for rule in RULES}


def describe(reason: str) -> str:
    """Return the sentence for a rule's name; the name itself where there is no such rule now."""
    return _WORDS.get(reason, reason)
