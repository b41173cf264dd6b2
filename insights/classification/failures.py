"""What servers write when it is the mailbox, its host or the time: data.

Gathered from what mail systems and the postmaster pages of providers document, in the languages
they speak. Patterns look only a few words ahead, so that they take linear time.
"""

from __future__ import annotations

from typing import Final

from insights.classification.matching import wording
from insights.events import BounceClass

NO_ACCOUNT: Final = "no_account"
UNKNOWN_ADDRESS: Final = "unknown_address"

_HARD: Final = BounceClass.HARD
_SOFT: Final = BounceClass.SOFT
_FEW: Final = r"[^\n]{0,60}?"  # some words between
_PERSON: Final = (
    r"(?:e-?mail ?box|mail ?box|inbox|user ?name|user|recipient|address(?:ee)?|account|alias|login"
    r"|person|rcpt|customer|subscriber|member|mail-?id|local ?part"
    r"|destinat(?:aire|ion|ario|[aá]rio)|adresse|empf[aä]nger|utente|usuario|usu[aá]rio)"
)
_PERSON_IS: Final = rf"{_PERSON}\b{_FEW}"
_HOST: Final = r"(?:host|domain|mx|mail ?server|server|site|system|gateway|destination)"

FAILURES: Final = (
    wording(
        "size",
        _SOFT,
        r"(?:message|mail|body|header|content)\b[^\n]{0,40}?too (?:big|large)",
        r"(?:message|mail|body|header|content) (?:is |was )?too long",
        r"(?:message|mail|body|header|content)\b[^\n]{0,40}?(?:size|length|exceed(?!\w* storage))",
        r"line (?:limit|length|too long)",
        r"max(?:imum)? (?:message )?size|size limit|message length",
    ),
    wording(
        "full",
        _SOFT,
        r"quota",
        r"(?:mail ?box|inbox|account|mail ?folder|storage|mail ?drop|disk|recipient|user)\b"
        rf"{_FEW}(?:\bfull\b|exceed|over (?:its|the)? ?limit|out of (?:space|storage))",
        r"insufficient (?:disk |system )?(?:storage|space)",
        r"(?:not|doesn't have|does not have) enough (?:disk |storage )?(?:space|storage)",
        r"out of (?:storage|disk|mailbox) space|no space left|exceeded storage",
        r"bo[iî]te[^\n]{0,40}plein|(?:post|brief)(?:fach|kasten)[^\n]{0,40}voll",
        r"buz[oó]n[^\n]{0,40}llen|casella[^\n]{0,40}pien|caixa[^\n]{0,40}chei",
        r"переполнен|превышен[^\n]{0,20}квот|容量|空き",
    ),
    wording(
        "dns_trouble",  # before the next: a host that was not found this time may be there
        BounceClass.EXPIRED,
        r"not found,? try again|host (?:name )?lookup failure|malformed or unexpected",
        r"servfail|server failure|temporary failure in name|dns timeout",
    ),
    wording(
        "unknown_host",
        _HARD,
        rf"(?:no such|unknown|bad|invalid|illegal|non-?existent) {_HOST}\b",
        rf"\b{_HOST}\b{_FEW}(?:unknown|not (?:be )?found|non-?existent)",
        rf"\b{_HOST}\b{_FEW}(?:doesn't|does not) exist",
        rf"could(?:n't| not) (?:find|resolve)\b{_FEW}\b{_HOST}\b",
        r"nxdomain|null mx|no mx\b|accepts no e?-?mail",
        r"(?:doesn't|does not) (?:accept|receive) (?:any )?e?-?mail",
        r"name or service not known|unrouteable|unroutable",
        r"all host address lookups failed permanently",
        r"bad destination (?:mailbox |system |host )?(?:address|system|host)|illegal host",
        r"domain[^\n]{0,40}not reachable",
    ),
    wording(
        "expired",
        BounceClass.EXPIRED,
        r"timed? ?out|time-?out\b",
        r"expired|too long in (?:the )?queue|in (?:the )?queue too long|queue time|delivery time",
        r"retry (?:time|period|limit)[^\n]{0,20}exceeded|maximum (?:queue|retry)",
        r"not delivered within|undelivered (?:after|for)|could not be delivered for",
        r"failing for a long time|for the last \d+ (?:seconds|hours|days)|aborted after",
        r"no route to host|network (?:is )?unreachable|not reachable|not respond|is down",
        r"connection (?:refused|reset|lost|closed)|lost connection|cannot connect",
        r"did not accept our requests? to connect|unable to (?:contact|connect)",
        r"could ?(?:n't|not)? (?:be )?(?:contact|connect)",
        r"name server|dns (?:failure|error)",
        r"all relevant mx records point to non-existent",
        r"temporary (?:failure|error|problem)|temporarily (?:unavailable|unable|rejected)",
    ),
    wording(
        "disabled",
        _SOFT,
        _PERSON_IS + r"\b(?:disabled|inactive|suspended|deactivated|locked|closed|expired|dormant)",
        _PERSON_IS + r"\b(?:not active|not enabled|on hold|frozen|blocked)",
        _PERSON_IS + r"\b(?:deaktiviert|gesperrt|d[eé]sactiv)",
        r"(?:disabled|inactive|suspended|deactivated|locked|closed|frozen)"
        r" (?:user|mail ?box|account|recipient|address)",
        r"not accepting (?:mail|messages|e-?mail)s?|no longer accept",
    ),
    wording(
        NO_ACCOUNT,  # more than "unknown": says where it was looked up, or names the address
        _HARD,
        r"(?:don't|doesn't|does not) have (?:an? |any )?(?:[\w.-]{1,60} )?(?:account|mailbox)",
        r"(?:account|mailbox) that you tried to reach does not exist",
        r"recipient name is not recogni[sz]ed",
        r"\bunknown (?:user|recipient|address|mailbox): *$",
        r"resolver\.adr\.",  # Exchange
        r"not listed in|not in (?:the|our) (?:directory|address|database)",
    ),
    wording(
        UNKNOWN_ADDRESS,
        _HARD,
        _PERSON_IS + r"(?:unknown|unavailable|invalid|incorrect|no longer|non-?existent|undefined)",
        _PERSON_IS + r"not (?:be )?(?:found|exist|known|valid|here|available|recogni[sz]ed|local)",
        _PERSON_IS
        + r"not (?:be )?(?:listed|defined|registered|present|reside|a valid|our customer)",
        _PERSON_IS + r"(?:does|do|did)(?:n't| not) (?:exist|match|have)",
        _PERSON_IS + r"(?:has moved|is gone|is not (?:a|our)|undeliverable)",
        _PERSON_IS + r"(?:unbekannt|existiert nicht|inconnu|introuvable|n'existe|inexist)",
        _PERSON_IS + r"(?:desconocid|no existe|desconhecid|n[aã]o existe|sconosciut|non esiste)",
        rf"(?:no such|unknown|invalid|non-?existent|bad|illegal|incorrect|inexistent) {_PERSON}",
        rf"(?:unroutable|undeliverable|not a (?:valid|known)) {_PERSON}",
        r"no (?:mail ?box|account|user|recipient|address|person|one)\b[^\n]{0,30}?"
        r"(?:here|by that|found|such|with that|of that|exist|match)",
        r"recipname|recipnotfound|wasn't found at|user (?:is )?not|unknown or illegal",
        r"can(?:no|')t find (?:user|mailbox|recipient)|recipient (?:not|address) (?:ok|found)",
        r"has (?:been )?(?:moved|closed|removed|deleted)|invalid final delivery userid",
        r"(?:^|\d |: ?|recipient )address rejected\.?[ \t]*(?:$|\n|\(in reply)",  # and no reason
        r"не (?:существует|найден)|такого пользователя нет|нет такого|недоступен",
        r"ist nicht (?:bekannt|vorhanden)",
        r"(?:utilisateur|destinataire)[^\n]{0,30}(?:inconnu|invalide)",
        r"不存在|存在しない(?!か|可能性)|存在しません|見つかりません|宛先不明",
    ),
)
