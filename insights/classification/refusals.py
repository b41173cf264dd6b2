"""What servers write when they refuse the sender, the message or its content: data.

Gathered from what mail systems and the postmaster pages of providers document. None of it says
anything about the address. Patterns look only a few words ahead, so that they take linear time.
"""

from __future__ import annotations

from typing import Final

from insights.classification.matching import wording
from insights.events import BounceClass

_BLOCK: Final = BounceClass.BLOCK
_FEW: Final = r"[^\n]{0,60}?"  # some words between
_SENDER: Final = r"\b(?:sender|return[- ]path|from|envelope[- ]from|mail from|originator)\b" + _FEW

REFUSALS: Final = (
    wording(
        "recipient_choice",
        _BLOCK,
        r"recipient(?:'s)? preferences",
        r"preferences of the (?:person|recipient|user)",
        r"(?:rejected|refused|declined|blocked) by (?:the |its )?(?:recipient|user|addressee)",
        r"does not (?:want|wish) to receive",
        r"only accepts? (?:mail|messages|e-?mail) from",
    ),
    wording(
        "sender",
        _BLOCK,
        _SENDER + r"(?:reject|refuse|denied|invalid|unverified|verif|bad|block|unknown|mismatch)",
        _SENDER + r"(?:prohibited|must|doesn't exist|does not exist|not resolv)",
        _SENDER + r"not (?:exist|allowed|accepted|permitted|valid|found)",
        r"domain of sender",
        r"(?:invalid|bad|unknown|unverifi|forged|illegal) (?:sender|return path|return address)",
        r"(?:invalid|bad|unauthori[sz]ed|illegal) (?:from|reverse path)",
        r"mismatch(?:es)? client",
        r"invalid ip for sending",
        r"no access from mail server",
        r"not (?:allowed|authori[sz]ed|permitted) to (?:send|use)",
        r"\b(?:real|valid|fully[- ]qualified) (?:domain|host ?name)",
    ),
    wording(
        "authentication",
        _BLOCK,
        r"\b(?:spf|dkim|dmarc)\b",
        r"\barc\b.{0,20}fail",
        r"sender policy framework",
        r"unauthenticated e?-?mail",
        r"authenticat(?:ed|ion)",
        r"authentifi",
    ),
    wording(
        "reverse_dns",
        _BLOCK,
        r"reverse[- ](?:dns|lookup|mapping|name|address|map|record|hostname)",
        r"\bptr\b",
        r"\br-?dns\b",
        r"(?:cannot|can't|could not|unable to) (?:find|resolve) your (?:host|ip|client|dns)",
        r"client host (?:rejected|name)",
        r"dynamic(?:ally)?.{0,20} (?:ip|host|address|pool)",
        r"\bhelo\b.{0,40}(?:reject|invalid|must|requires|mismatch|impersonat)",
    ),
    wording(
        "reputation",
        _BLOCK,
        r"(?:block|black|deny|gr[ea]y)[- ]?list",
        r"\b(?:rbl|dnsbl|dnsrbl|sbl|xbl|pbl|css|dbl|surbl|uribl)\b",
        r"spamhaus|spamcop|barracuda|sorbs|senderscore|sender ?base|trend ?micro|cloudmark|talos",
        r"reputation",
        r"\bbanned\b",
        r"\b(?:ip|host|client|network|domain|server)\b[^\n]{0,60}?\b(?:block|listed|deni)",
        r"(?<!not )listed (?:at|by|in|on) ",
        r"blocked (?:by|using|due|for|because|from|-)",
        r"(?:has been|is|was|been|temporarily|permanently) blocked",
        r"\babuse|\babusive|complaints?\b",
        r"access (?:is )?denied|denied access",
        r"not accept(?:ing|ed)? (?:mail|messages|connections|e-?mail)s? from",
        r"connections? (?:not accepted|refused by policy)",
        r"use the smtp server of your isp",
        r"connection dropped|connection refused by",
    ),
    wording(
        "content",
        _BLOCK,
        r"\bspam|unsolicited|\bjunk\b|\bubem?\b|\buce\b|\bbulk",
        r"virus|malware|trojan|phish|suspicious|infected|malicious|security issue",
        r"\bpolic(?:y|ies)\b|politique",
        r"content (?:rejected|denied|not|filter|is)|message content|rejected content",
        r"\bfilter(?:ed|s|ing)?\b",
        r"message (?:was |has been |is )?(?:rejected|refused|not allowed)",
        r"not allowed|prohibited|not authori[sz]ed|unauthori[sz]ed",
        r"administrative(?:ly)? (?:prohibit|block|den)",
        r"multiple addresses in from|headers? (?:are|is|not)",
        r"rfc ?\d{3,4}|non-?compliant|not compliant|bare lf|8-?bit",
        r"malformed (?:mime|header|message|mail)",
        r"attachment|executable",
    ),
    wording(
        "rate",
        _BLOCK,
        r"too many (?!hops)",
        r"rate[- ]?limit|exceeded (?:the )?(?:rate|limit)|over the limit|throttl",
        r"unexpected volume|unusual rate|temporarily deferred|too fast|frequen",
        r"try again later|veuillez essayer",
        r"service (?:refused?|currently|temporarily)",
        r"too often|received too|reached (?:its |the )?(?:maximum|limit)",
    ),
    wording(
        "relay",
        _BLOCK,
        r"relay(?:ing|ed)?\b[^\n]{0,40}?(?:den|not|prohibit|refus|reject|disallow|forbid)",
        r"(?:no|not|never|unable to|cannot|can't|won't|don't|denied) (?:\w+ ){0,4}relay",
        r"not (?:a )?local (?:domain|host)|not in my (?:list|domain)|rcpthosts",
        r"open relay|gateway for",
    ),
    wording(
        "loop",
        _BLOCK,
        r"\bloop\b|looping|too many hops|hop ?count|maximum number of hops",
        r"more than the maximum (?:allowed|number of) (?:times|hops)",
    ),
)
