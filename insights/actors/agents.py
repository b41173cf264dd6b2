"""What user agents say of themselves.

Sources: docs/machine-opens.md. Most scanners write the name of an ordinary browser: for those the
pattern of their requests must speak.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final


class AgentKind(enum.StrEnum):
    """What a user agent is."""

    PREFETCH = "prefetch"  # loads whatever comes in, read or not
    IMAGE_PROXY = "image_proxy"  # loads pictures for its users, mostly when they read
    SCANNER = "scanner"  # a security product, a crawler or a program
    MAIL_CLIENT = "mail_client"
    BROWSER = "browser"
    NONE = "none"  # no user agent at all
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Agent:
    """A family of user agents; `name` is short and fit for storage."""

    name: str
    kind: AgentKind


# Of security products, link checkers and crawlers, in lower case; a name of a family each.
SCANNER_TOKENS: Final = (
    "safelinks", "proofpoint", "mimecast", "barracuda", "forcepoint", "ironport", "cisco-umbrella",
    "symantec", "messagelabs", "trendmicro", "trend micro", "sophos", "fireeye", "trellix",
    "zscaler", "fortiguard", "kaspersky", "bitdefender", "cloudmark", "vadesecure",
    "hornetsecurity", "spamhaus", "urlscan", "virustotal", "censys", "existence discovery",
    "protocol discovery", "headlesschrome", "phantomjs", "puppeteer", "playwright", "selenium",
    "bingpreview", "skypeuripreview", "facebookexternalhit", "whatsapp/", "slackbot",
    "twitterbot", "linkedinbot", "telegrambot", "discordbot", "googlebot", "applebot",
    "curl/", "wget/", "python-requests", "python-urllib", "aiohttp/", "httpx/",
    "go-http-client", "apache-httpclient", "libwww-perl", "node-fetch", "axios/", "java/",
    "scrapy", "crawler", "spider", "+http",
)  # fmt: skip
_NUMBERED_BOT: Final = re.compile(r"bot/\d")  # not “bot” alone: there are phones called CUBOT
_GMAIL_PREFETCH: Final = "edge/12.246 mozilla/5.0"  # how its whole user agent ends
_APPLE_PRIVACY: Final = "mozilla/5.0"  # the whole of it

# In this order: most name the ones below them as well.
_TOKENS: Final = (
    ("googleimageproxy", Agent("google-proxy", AgentKind.IMAGE_PROXY)),
    ("yahoomailproxy", Agent("yahoo-proxy", AgentKind.IMAGE_PROXY)),
    *(
        (token, Agent("outlook-desktop", AgentKind.MAIL_CLIENT))
        for token in ("ms-office", "msoffice", "microsoft outlook")
    ),
    *(
        (token, Agent("outlook-mobile", AgentKind.MAIL_CLIENT))
        for token in ("outlook-ios", "outlook-android")
    ),
    ("thunderbird", Agent("thunderbird", AgentKind.MAIL_CLIENT)),
    ("samsungbrowser", Agent("samsung", AgentKind.BROWSER)),
    *((token, Agent("edge", AgentKind.BROWSER)) for token in ("edg/", "edga/", "edgios/", "edge/")),
    ("opr/", Agent("opera", AgentKind.BROWSER)),
    ("firefox/", Agent("firefox", AgentKind.BROWSER)),
    ("fxios/", Agent("firefox", AgentKind.BROWSER)),
    ("crios/", Agent("chrome", AgentKind.BROWSER)),
    ("chrome/", Agent("chrome", AgentKind.BROWSER)),
    ("safari/", Agent("safari", AgentKind.BROWSER)),
    ("applewebkit/", Agent("apple-mail", AgentKind.MAIL_CLIENT)),
    ("trident/", Agent("internet-explorer", AgentKind.BROWSER)),
    ("msie", Agent("internet-explorer", AgentKind.BROWSER)),
)
_NO_AGENT: Final = Agent("none", AgentKind.NONE)
_OTHER: Final = Agent("other", AgentKind.OTHER)
_APPLE: Final = Agent("apple-privacy", AgentKind.PREFETCH)
_GMAIL: Final = Agent("gmail-prefetch", AgentKind.PREFETCH)
_SCANNER: Final = "scanner:"
_NAMED: Final = {
    agent.name: agent
    for agent in (_NO_AGENT, _OTHER, _APPLE, _GMAIL, *(agent for _, agent in _TOKENS))
}


@lru_cache(maxsize=1024)
def agent_of(user_agent: str) -> Agent:
    """Return what a user agent is."""
    text = user_agent.strip().lower()
    if not text:
        return _NO_AGENT
    if text == _APPLE_PRIVACY:
        return _APPLE
    if text.endswith(_GMAIL_PREFETCH):
        return _GMAIL
    for token in SCANNER_TOKENS:
        if token in text:
            return Agent(f"{_SCANNER}{token.strip('/+ ')}", AgentKind.SCANNER)
    if _NUMBERED_BOT.search(text):
        return Agent(f"{_SCANNER}bot", AgentKind.SCANNER)
    return next((agent for token, agent in _TOKENS if token in text), _OTHER)


def agent_named(name: str) -> Agent | None:
    """Return what stands behind a short name; None for an empty one: nothing is known."""
    if name.startswith(_SCANNER):
        return Agent(name, AgentKind.SCANNER)
    return _NAMED.get(name, _OTHER) if name else None


def agent_family(user_agent: str | None) -> str:
    """Return a short name for a user agent, to be kept instead of it; empty if it is not known."""
    return "" if user_agent is None else agent_of(user_agent).name
