"""Who filters the mail of a domain: rules over its name and its mail servers.

A pattern fits a name at the borders of its labels: `me.com` fits `me.com` and `mx.me.com`, never
`acme.com`. Among the rules that fit, the smallest `order` decides, then the longest pattern.
See docs/mailbox-providers.md.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from common.providers import OTHER

DEFAULT_ORDER: Final = 100
# RFC 2606: never a host. Microsoft 365 has such records made to prove who owns a domain.
_NO_HOST: Final = ".invalid"


class RuleKind(enum.StrEnum):
    """What a rule looks at."""

    DOMAIN = "domain"  # the name after the @, exactly; needs no DNS
    MX = "mx"  # a mail server of the domain, or the end of its name


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. It names a provider, a security gateway, or both."""

    kind: RuleKind
    pattern: str  # lower-case, in ASCII, without a dot at either end
    provider: str = ""
    gateway: str = ""
    order: int = DEFAULT_ORDER
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who filters the mail, what stands in front, and the rules that say so."""

    provider: str = OTHER
    gateway: str = ""
    rules: tuple[Rule, ...] = ()


class RuleBook:
    """A table of rules, ready to be asked about many domains."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Put the rules where a name finds them without going through all."""
        self._by_domain: dict[str, Rule] = {}
        self._by_server: dict[str, Rule] = {}
        for rule in sorted(rules, key=_weight, reverse=True):  # the weightiest is put in last
            places = self._by_domain if rule.kind is RuleKind.DOMAIN else self._by_server
            places[rule.pattern] = rule

    @property
    def domains(self) -> frozenset[str]:
        """The domains that are known without DNS."""
        return frozenset(self._by_domain)

    def by_name(self, domain: str) -> Verdict | None:
        """Return what the name of a domain says alone; None if that takes its mail servers."""
        rule = self._by_domain.get(domain)
        if rule is None:
            return None
        return Verdict(rule.provider or OTHER, rule.gateway, (rule,))

    def by_servers(self, hosts: Sequence[str]) -> Verdict:
        """Return what the mail servers of a domain say, given in the order of their preference.

        The first one decides, since that is where mail goes. If it belongs to a gateway, who is
        behind it is unknown, unless a later server belongs to a mailbox provider: the way around
        the gateway, which the owner of the domain left open.
        """
        fitting = [self._of_server(host) for host in hosts if not host.endswith(_NO_HOST)]
        first = next(iter(fitting), None)
        if first is None:
            return Verdict()
        if not first.gateway:
            return Verdict(first.provider, "", (first,))
        behind = next((rule for rule in fitting if rule and rule.provider), None)
        if behind is None:
            return Verdict(OTHER, first.gateway, (first,))
        rules = (first,) if behind is first else (first, behind)
        return Verdict(behind.provider, first.gateway, rules)

    def _of_server(self, host: str) -> Rule | None:
        fitting = (self._by_server[end] for end in _ends(host) if end in self._by_server)
        return min(fitting, key=_weight, default=None)


def _weight(rule: Rule) -> tuple[int, int]:
    return rule.order, -len(rule.pattern)


def _ends(host: str) -> Iterator[str]:
    """Yield a name, and what is left of it as its labels are taken off in front."""
    end = host
    while end:
        yield end
        _, _, end = end.partition(".")
