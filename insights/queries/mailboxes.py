"""Reads of mailbox providers: the table of rules, and what it says of one domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from common.addresses import normalize_address
from common.providers import NO_MAIL, UNKNOWN
from insights.lookups import Answer, Finding, look_up
from insights.mailboxes import RuleBook, Verdict
from insights.models import DomainStatus, MailDomain, ProviderRule

EXAMINATION_SECONDS: Final = 5.0  # somebody waits for the page
TAKES_NO_MAIL = frozenset({Finding.NULL_MX, Finding.NO_ADDRESS, Finding.MISSING})


@dataclass(frozen=True, slots=True)
class Examination:
    """What is found out about one domain at this moment.

    `needs_dns` is false where a rule names the domain: contacts get its provider without a look
    into the DNS. `answer` shows what the DNS says all the same.
    """

    domain: str
    answer: Answer
    verdict: Verdict
    needs_dns: bool


def rule_book() -> RuleBook:
    """Return the active rules."""
    return RuleBook(row.as_rule() for row in ProviderRule.objects.filter(active=True))


def judged(domain: str, answer: Answer, *, book: RuleBook) -> Verdict:
    """Return who filters the mail of a domain, by its name or else by what the DNS says."""
    named = book.by_name(domain)
    if named is not None:
        return named
    if answer.finding in TAKES_NO_MAIL:
        return Verdict(NO_MAIL)
    match answer.finding:
        case Finding.SERVERS:
            return book.by_servers(answer.hosts)
        case Finding.ADDRESS:
            return book.by_servers([domain])  # it is its own mail server
        case _:
            return Verdict(UNKNOWN)


def answer_in(row: MailDomain) -> Answer:
    """Return what the DNS last said of a domain, as far as a row still has it."""
    if row.status in {DomainStatus.WAITING, DomainStatus.NAMED}:
        return Answer(Finding.NO_ANSWER)
    return Answer(Finding(row.status), tuple(row.mx_hosts))


def examine(written: str, *, nameservers: tuple[str, ...]) -> Examination:
    """Return what the DNS and the rules say now of a domain, or of that of an address.

    Writes nothing; takes some seconds at most. Raises AddressError where there is no domain.
    """
    address = written if "@" in written else f"postmaster@{written.strip()}"
    domain = normalize_address(address).domain
    answer = look_up([domain], nameservers=nameservers, seconds=EXAMINATION_SECONDS)[domain]
    book = rule_book()
    return Examination(
        domain=domain,
        answer=answer,
        verdict=judged(domain, answer, book=book),
        needs_dns=book.by_name(domain) is None,
    )
