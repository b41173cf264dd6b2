"""What servers and providers write when they refuse, and what it means: data, first match wins.

Gathered from the public documentation of mail systems and of the postmaster sites of providers.
What is about the sender or the content stands first: a refusal that names a block list is never
read as an unknown address, whatever else it says. Patterns are case-blind and never look further
than a few words ahead, so that reading them takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from insights.events import BounceClass

_HARD, _SOFT = BounceClass.HARD, BounceClass.SOFT
_BLOCK, _EXPIRED = BounceClass.BLOCK, BounceClass.EXPIRED


@dataclass(frozen=True, slots=True)
class Wording:
    """One thing that servers say in many ways."""

    name: str
    meaning: BounceClass
    pattern: re.Pattern[str]


def _wording(name: str, meaning: BounceClass, phrases: Sequence[str]) -> Wording:
    return Wording(name, meaning, re.compile("|".join(phrases), re.IGNORECASE))


# Who: the mailbox in the words of servers, in any of the languages they speak.
_PERSON = (
    r"(?:e-?mail ?box|mail ?box|user ?name|user|recipient|address(?:ee)?|account|alias|login|person"
    r"|rcpt|customer|subscriber|destinat(?:aire|ion|[aá]rio)|destinatario|adresse|empf[aä]nger"
    r"|utente|usuario|usu[aá]rio|member|mail-?id|local ?part|inbox)"
)
_HOST = r"(?:host|domain|mx|mail ?server|server|site|system|gateway|destination)"
_FEW = r"[^\n]{0,60}?"  # some words between
UNKNOWN_ADDRESS: Final = "unknown_address"


WORDINGS: Final = (
    _wording(
        "carrier_filter",
        _BLOCK,
        (
            # KDDI (au, ezweb, UQ mobile): no address between the colons means that the customer
            # filters this sender; a mailbox that is not there is named.
            r"\b550:? ?: User unknown",
        ),
    ),
    _wording(
        "recipient_choice",
        _BLOCK,
        (
            r"recipient(?:'s)? preferences|preferences of the (?:person|recipient|user)",
            r"(?:rejected|refused|declined|blocked) by (?:the |its )?(?:recipient|user|addressee)",
            r"does not (?:want|wish) to receive|only accepts? (?:mail|messages|e-?mail) from",
        ),
    ),
    _wording(
        "sender",
        _BLOCK,
        (
            rf"\b(?:sender|return[- ]path|from|envelope[- ]from|mail from|originator)\b{_FEW}"
            r"(?:rejected|refused|denied|invalid|does ?n[o']t exist|does not exist|not (?:exist"
            r"|allowed|accepted|permitted|valid|found)|unverified|verif|bad|blocked|unknown"
            r"|not resolv|mismatch|prohibited|must)",
            r"domain of sender",
            r"(?:invalid|bad|unknown|unverifi|forged|unauthori[sz]ed|illegal) (?:sender|return path"
            r"|return address|from|reverse path)",
            r"mismatch(?:es)? client",
            r"invalid ip for sending",
            r"no access from mail server",
            r"not (?:allowed|authori[sz]ed|permitted) to (?:send|use)",
            r"sender verify failed",
            r"\b(?:real|valid|fully[- ]qualified) (?:domain|host ?name)",
        ),
    ),
    _wording(
        "authentication",
        _BLOCK,
        (
            r"\bspf\b",
            r"\bdkim\b",
            r"\bdmarc\b",
            r"\barc\b.{0,20}fail",
            r"sender policy framework",
            r"unauthenticated e?-?mail",
            r"authenticat(?:ed|ion)",
            r"authentifi",
        ),
    ),
    _wording(
        "reverse_dns",
        _BLOCK,
        (
            r"reverse[- ](?:dns|lookup|mapping|name|address|map|record|hostname)",
            r"\bptr\b",
            r"\br-?dns\b",
            rf"(?:no|without|missing|invalid|cannot resolve|can't resolve) {_FEW}(?:ptr|reverse)",
            r"(?:cannot|can't|could not|unable to) (?:find|resolve) your (?:host|ip|client|dns)",
            r"client host (?:rejected|name)",
            r"dynamic(?:ally)?.{0,20} (?:ip|host|address|pool)",
            r"\bhelo\b.{0,40}(?:reject|invalid|must|requires|mismatch|impersonat)",
        ),
    ),
    _wording(
        "reputation",
        _BLOCK,
        (
            r"(?:block|black|deny|grey|gray)[- ]?list",
            r"\b(?:rbl|dnsbl|dnsrbl|sbl|xbl|pbl|css|dbl|surbl|uribl)\b",
            r"spamhaus|spamcop|barracuda|sorbs|senderscore|sender ?base|trend ?micro|cloudmark"
            r"|senderbase|talos|invaluement",
            r"reputation",
            r"\bbanned\b",
            r"\b(?:ip|host|client|network|domain|server|sender)\b[^\n]{0,60}?\b(?:block|listed|deni)",
            r"(?<!not )listed (?:at|by|in|on) ",
            r"blocked (?:by|using|due|for|because|from|-)",
            r"(?:has been|is|was|been|temporarily|permanently) blocked",
            r"\babuse|\babusive|complaints?\b",
            r"access (?:is )?denied|denied access|permission denied",
            r"not accept(?:ing|ed)? (?:mail|messages|connections|e-mail|email)s? from",
            r"connections? (?:not accepted|refused by policy)",
            r"use the smtp server of your isp",
            r"connection dropped|connection refused by",
            r"we do not accept mail from",
        ),
    ),
    _wording(
        "content",
        _BLOCK,
        (
            r"\bspam|unsolicited|\bjunk\b|\bubem?\b|\buce\b|bulk",
            r"virus|malware|trojan|phish|suspicious|infected|malicious|security issue",
            r"\bpolic(?:y|ies)\b|politique",
            r"content (?:rejected|denied|not|filter|is)|message content|rejected content",
            r"\bfilter(?:ed|s|ing)?\b",
            r"message (?:was |has been |is )?(?:rejected|refused|not allowed)",
            r"not allowed|prohibited|not authori[sz]ed|unauthori[sz]ed",
            r"administrative(?:ly)? (?:prohibit|block|den)",
            r"multiple addresses in from|header(?:s)? (?:are|is|not)|rfc ?\d{3,4}|not compliant"
            r"|non-?compliant|malformed (?:mime|header|message|mail)|bare lf|8-?bit",
            r"attachment|executable",
        ),
    ),
    _wording(
        "rate",
        _BLOCK,
        (
            r"too many (?!hops)",
            r"rate[- ]?limit|exceeded (?:the )?(?:rate|limit)|over the limit|throttl",
            r"unexpected volume|unusual rate|temporarily deferred|too fast|frequen",
            r"try again later|service (?:refused?|currently|temporarily)|veuillez essayer",
            r"too much mail|too often|received too|reached (?:its |the )?(?:maximum|limit)",
        ),
    ),
    _wording(
        "relay",
        _BLOCK,
        (
            r"relay(?:ing|ed)?\b[^\n]{0,40}?(?:den|not|prohibit|refus|reject|disallow|forbid)",
            r"(?:no|not|never|unable to|cannot|can't|won't|don't|denied) (?:\w+ ){0,4}relay",
            r"not (?:a )?local (?:domain|host)|not in my (?:list|domain)|rcpthosts",
            r"open relay|gateway for",
        ),
    ),
    _wording(
        "loop",
        _BLOCK,
        (
            r"\bloop\b|looping|too many hops|hop ?count|maximum number of hops|routing loop",
            r"more than the maximum (?:allowed|number of) (?:times|hops)",
        ),
    ),
    _wording(
        "size",
        _SOFT,
        (
            r"(?:message|mail|e-?mail|body|header|content)\b[^\n]{0,40}?(?:too (?:big|large|long)"
            r"|size|length|exceed)[^\n]{0,40}?(?:limit|exceed|maximum|max|allow|big|large|long|fixed)?",
            r"line (?:limit|length|too long)",
            r"max(?:imum)? (?:message )?size|size limit|message length",
        ),
    ),
    _wording(
        "full",
        _SOFT,
        (
            r"quota",
            r"(?:mail ?box|inbox|account|mail ?folder|storage|mail ?drop|disk|recipient|user)\b"
            rf"{_FEW}(?:\bfull\b|exceed|over (?:its|the)? ?limit|out of (?:space|storage)|voll\b"
            r"|plein|llen[oa]|pien[oa]|chei[oa])",
            r"mailbox is (?:temporarily )?full|mailfolder is full",
            r"insufficient (?:disk |system )?(?:storage|space)",
            r"(?:not|doesn't have|does not have) enough (?:disk |storage )?(?:space|storage)",
            r"out of (?:storage|disk|mailbox) space|no space left|exceeded storage",
            r"bo[iî]te[^\n]{0,40}plein|postfach[^\n]{0,40}voll|buz[oó]n[^\n]{0,40}llen"
            r"|casella[^\n]{0,40}pien|переполнен|превышен[^\n]{0,20}квот|пере?полнения"
            r"|satisfied its quota|容量|空き",
        ),
    ),
    _wording(
        "unknown_host",
        _HARD,
        (
            rf"(?:no such|unknown|bad|invalid|illegal|nonexistent|non-existent) {_HOST}\b",
            rf"\b{_HOST}\b{_FEW}(?:unknown|not (?:be )?found|(?:does|do) ?n[o']t exist"
            r"|does not exist|non-?existent)",
            rf"could(?:n't| not) (?:find|resolve)\b{_FEW}\b{_HOST}\b",
            r"nxdomain|null mx|does ?n[o']t (?:accept|receive) e?-?mail|does not accept (?:any )?e?-?mail"
            r"|accepts no e?-?mail|name or service not known|unrouteable (?:mail )?domain"
            r"|unroutable|unrouteable|no mx\b|all host address lookups failed permanently",
            r"bad destination (?:mailbox |system |host )?(?:address|system|host)|illegal host",
            r"domain[^\n]{0,40}not reachable",
        ),
    ),
    _wording(
        "expired",
        _EXPIRED,
        (
            r"timed? ?out|time-?out\b",
            r"expired|too long in (?:the )?queue|in (?:the )?queue too long|queue time",
            r"retry (?:time|period|limit)[^\n]{0,20}exceeded|maximum (?:queue|retry)",
            r"not delivered within|undelivered (?:after|for)|could not be delivered for",
            r"no route to host|network (?:is )?unreachable|connection (?:refused|reset|lost|closed)"
            r"|not reachable|not respond|is down|could ?n[o']t? (?:not )?(?:be )?(?:contact|connect)"
            r"|unable to (?:contact|connect)|delivery time|cannot connect|lost connection",
            r"host (?:name )?lookup failure|name server|malformed or unexpected|servfail"
            r"|server failure|temporary failure in name|dns (?:timeout|failure|error)"
            r"|all relevant mx records point to non-existent",
            r"did not accept our requests? to connect|failing for a long time|giving up|for the last"
            r" \d+ (?:seconds|hours|days)|aborted after",
            r"temporary (?:failure|error|problem)|temporarily (?:unavailable|unable|rejected)",
        ),
    ),
    _wording(
        "disabled",
        _SOFT,
        (
            rf"{_PERSON}\b{_FEW}\b(?:disabled|inactive|suspended|deactivated|locked|not active"
            r"|on hold|frozen|blocked|not enabled|dormant|deaktiviert|gesperrt|d[eé]sactiv|closed"
            r"|expired)",
            r"(?:disabled|inactive|suspended|deactivated|locked|closed|frozen) (?:user|mail ?box"
            r"|account|recipient|address)",
            r"not accepting (?:mail|messages|e-?mail)s?|no longer accept",
        ),
    ),
    _wording(
        "no_account",  # more than "unknown": says where it was looked up, or names the address
        _HARD,
        (
            r"(?:does|do) ?n[o']t have (?:an? |any )?(?:[\w.-]{1,60} )?(?:account|mailbox)",
            r"(?:account|mailbox) that you tried to reach does not exist",
            r"recipient name is not recogni[sz]ed|\bunknown (?:user|recipient|address|mailbox): *$",
            r"^\W{0,4}542 \W{0,4}rejected",  # Symantec Email Security.cloud: not on its list
            r"resolver\.adr\.|not listed in|not in (?:the|our) (?:directory|address|database)",
        ),
    ),
    _wording(
        UNKNOWN_ADDRESS,
        _HARD,
        (
            rf"{_PERSON}\b{_FEW}(?:unknown|not (?:be )?(?:found|exist|known|valid|here|available"
            r"|recogni[sz]ed|listed|defined|registered|local|present|reside)|(?:does|do|did) ?n[o']t"
            r" (?:exist|match|have)|does(?:n't| not) (?:exist|match|have)|unavailable|invalid"
            r"|incorrect|no longer|non-?existent|inexist|unbekannt|inconnu|desconocid|desconhecid"
            r"|sconosciut|not a valid|undeliverable|has moved|undefined|is gone|not our customer"
            r"|is not (?:a|our)|introuvable|n'existe|existiert nicht|no existe|non esiste|n[aã]o"
            r" existe)",
            r"(?:no such|unknown|invalid|nonexistent|non-existent|bad|illegal|incorrect|inexistent"
            rf"|unroutable|undeliverable|not a (?:valid|known)) {_PERSON}",
            r"no (?:mail ?box|account|user|recipient|address|person|one)\b[^\n]{0,30}?(?:here|by that"
            r"|found|such|with that|of that|exist|match)",
            r"no such (?:user|person|address|email)|recipname|recipnotfound|wasn't found at"
            r"|address not found|mailbox not found|can(?:no|')t find (?:user|mailbox|recipient)"
            r"|user (?:is )?not|unknown or illegal|recipient (?:not|address) (?:ok|found)"
            r"|has (?:been )?(?:moved|closed|removed|deleted)",
            r"(?:^|\d |: ?|recipient )address rejected\.?[ \t]*(?:$|\n|\(in reply)",  # nothing but that
            r"не (?:существует|найден)|такого пользователя нет|нет такого|недоступен"
            r"|adressee unknown|addressee unknown|ist nicht (?:bekannt|vorhanden)|(?:utilisateur"
            r"|destinataire)[^\n]{0,30}(?:inconnu|invalide)|不存在|存在しない(?!か|可能性)|存在しません|見つかりません"
            r"|宛先不明",
        ),
    ),
)


_NOT_WORDS: Final = re.compile(r"https?://[^\s<>]{1,500}|[^\s<>\"]{1,100}@[^\s<>\",;:]{1,255}")

_SPACES: Final = re.compile(r"[ \t]{2,}")


def words_of(response: str) -> str:
    """Return a response without its links and addresses: what they spell means nothing."""
    return _SPACES.sub(" ", _NOT_WORDS.sub("", response))


def wording_of(words: str) -> Wording | None:
    """Return the first wording of the table that some words hold, or None."""
    return next((wording for wording in WORDINGS if wording.pattern.search(words)), None)


def names_bad_address(words: str) -> bool:
    """Return whether some words say anywhere that the address is bad, beside what else they say."""
    return any(w.pattern.search(words) for w in WORDINGS if w.meaning is BounceClass.HARD)
