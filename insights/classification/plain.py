"""What a server's answer means and what to do about it, in plain words: data.

The words follow from the same tables as the class of a refusal, so that they never disagree with
what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from insights.classification import READ_CHARACTERS
from insights.classification.matching import words_of
from insights.classification.wordings import wording_of
from insights.events import BounceClass


@dataclass(frozen=True, slots=True)
class Plain:
    """An answer in plain words; all empty where nobody answered."""

    title: str
    meaning: str = ""  # a sentence
    advice: str = ""  # a sentence: what to do


NOTHING: Final = Plain("")
ACCEPTED: Final = Plain("Accepted", "The server took the message.")
DEFERRED: Final = Plain(
    "Asked to try later",
    "The server does not take it now. It is tried again by itself, at growing intervals.",
)
SLOWED: Final = Plain(
    "Held back by policy",
    "The provider takes less from this IP for now: too much at once, a poor record, or content.",
    "Nothing at once: it is tried again. If it goes on, send slower to this provider and look for "
    "complaints.",
)
_NO_MAILBOX: Final = Plain(
    "No such mailbox",
    "Nobody has this address at its provider.",
    "Correct the address if it was mistyped; else ask the person another way.",
)
_BY_WORDING: Final = {
    "carrier_filter": Plain(
        "Filtered by the mobile carrier",
        "The person's own settings at the carrier turn this sender away.",
        "Ask them to allow mail from your domain.",
    ),
    "directory_edge": _NO_MAILBOX,
    "no_account": _NO_MAILBOX,
    "unknown_address": _NO_MAILBOX,
    "unknown_host": Plain(
        "The domain takes no mail",
        "There is no such domain, or it accepts no mail at all.",
        "Correct the address if it was mistyped; else ask the person another way.",
    ),
    "recipient_choice": Plain(
        "The recipient does not want it",
        "A rule of the person or of their company turns this mail away.",
        "Leave them out, or ask them another way whether they want your mail.",
    ),
    "sender": Plain(
        "Your sender address was refused",
        "The server does not accept the address the mail comes from.",
        "Check the From address and the return path of the identity, and that its domain exists.",
    ),
    "authentication": Plain(
        "SPF, DKIM or DMARC did not pass",
        "The provider could not verify that the mail is really from your domain.",
        "Check the DNS records of the sending domain and that the mail server signs with DKIM.",
    ),
    "reverse_dns": Plain(
        "The sending IP has no fitting name",
        "The reverse DNS of the IP is missing, or does not lead back to it.",
        "Have the PTR record of the IP set to the host name, and an A record back to the IP.",
    ),
    "reputation": Plain(
        "Blocked for its reputation",
        "The sending IP or domain is on a block list, or has a poor record at this provider.",
        "Stop sending to this provider, follow the link in the answer, and find the cause "
        "(old lists, complaints) before asking to be taken off.",
    ),
    "content": Plain(
        "Refused for its content or by policy",
        "The provider took the message for spam or for something it does not allow.",
        "Look at subject, links and attachments; see whether other recipients there refuse it too.",
    ),
    "rate": Plain(
        "Too much at once",
        "The provider wants fewer messages or connections from this IP for now.",
        "Nothing at once: it is tried again. If it goes on, send slower to this provider.",
    ),
    "relay": Plain(
        "Not a server for this address",
        "The server that was asked does not take mail for this domain.",
        "Check which transport this IP uses; else the domain's MX records are wrong.",
    ),
    "loop": Plain(
        "Mail goes in circles",
        "Servers of the recipient pass the message on to each other.",
        "Only the recipient's postmaster can mend it.",
    ),
    "size": Plain(
        "Message too large",
        "The message is larger than the server takes.",
        "Make it smaller: fewer or lighter images and attachments.",
    ),
    "full": Plain(
        "Mailbox full",
        "The mailbox has no room left.",
        "Nothing: the address is good. After several such answers in a row it is left out.",
    ),
    "dns_trouble": Plain(
        "The domain's name server did not answer",
        "Where its mail goes could not be looked up this time.",
        "Nothing, if it is one domain. If it is many, check the name servers of your mail server.",
    ),
    "expired": Plain(
        "The server could not be reached",
        "It did not answer, or not in time.",
        "Nothing, if it is one domain. If it is many, check the network of your mail server.",
    ),
    "disabled": Plain(
        "Mailbox switched off",
        "The address exists, but its mailbox takes no mail at present.",
        "Nothing: after several such answers in a row it is left out.",
    ),
}
_BY_CLASS: Final = {
    BounceClass.HARD: _NO_MAILBOX,
    BounceClass.SOFT: Plain(
        "The mailbox could not take it",
        "The address is good, this message did not get in.",
        "Nothing: after several such answers in a row the address is left out.",
    ),
    BounceClass.BLOCK: Plain(
        "Refused by policy",
        "The provider turned the mail away, whoever it was for. It says nothing about the address.",
        "Read the answer below: it often names the rule and a page about it.",
    ),
    BounceClass.EXPIRED: Plain(
        "Tried until time ran out",
        "Nobody took the message in the time there was.",
        "See the answers before: they say why it was put off.",
    ),
}
# Said together with "later", these mean no more than "less, for now".
_VAGUE: Final = (_BY_WORDING["content"], _BY_WORDING["reputation"], _BY_WORDING["rate"])
_FIRST_REFUSAL, _FIRST_PERMANENT = 400, 500  # RFC 5321, section 4.2.1


def answer_in_words(
    code: int | None, enhanced_code: str, response: str, *, bounce_class: str = ""
) -> Plain:
    """Return what an answer means.

    `bounce_class` is that of a refusal, empty for anything else.
    """
    refused = bounce_class or code is None or code >= _FIRST_REFUSAL
    if not refused:
        return ACCEPTED
    known = _known(response, bounce_class=bounce_class)
    if known in _VAGUE and not bounce_class and _is_temporary(code, enhanced_code):
        return SLOWED
    if known is not None:
        return known
    if bounce_class:
        return _BY_CLASS[BounceClass(bounce_class)]
    if code is None and not enhanced_code and not response:
        return NOTHING
    permanent = (code or 0) >= _FIRST_PERMANENT or enhanced_code.startswith("5.")
    return _BY_CLASS[BounceClass.BLOCK] if permanent else DEFERRED


def _is_temporary(code: int | None, enhanced_code: str) -> bool:
    if enhanced_code:
        return enhanced_code.startswith("4.")
    return code is not None and _FIRST_REFUSAL <= code < _FIRST_PERMANENT


def _known(response: str, *, bounce_class: str) -> Plain | None:
    """Return what the words mean, unless it was decided that they mean something else."""
    wording = wording_of(words_of(response[:READ_CHARACTERS]))
    if wording is None or bounce_class not in ("", wording.meaning.value):
        return None
    return _BY_WORDING.get(wording.name)
