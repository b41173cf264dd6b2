"""What the mailboxes of each provider are like, as data: shares of a thousand, and programs.

Made up, of the size that senders report; what matters is that providers differ. Outlook is the bad
one of the demo: hardly anybody sees the mail, more people complain, some of it comes back late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.audience import agents
from sandbox.audience.deeds import Trouble

PER_MILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Gateway:
    """What stands in front of a company's mailboxes and follows every link first."""

    agent: str
    asks_first: bool = False


# A company has one of these or none; which, its domain decides.
GATEWAYS: Final = (
    Gateway(agents.PROOFPOINT),
    Gateway(agents.BARRACUDA, asks_first=True),
    Gateway(agents.CHROME),
    Gateway(agents.SILENT),
)
COMPANIES_WITH_GATEWAY: Final = 600  # of a thousand domains


@dataclass(frozen=True, slots=True)
class Habits:
    """The shares are of a thousand messages; those of clickers of a thousand who read.

    `privacy` people load every picture in advance by `prefetcher`; for those of them whose
    `prefetch_hides` the opening by hand is not to be seen.
    """

    readers: tuple[str, ...]  # programs that load the pictures when somebody reads
    browsers: tuple[str, ...]  # in which links are opened
    reads: int
    clickers: int
    clicks_blind: int = 12  # follow a link without having loaded the pictures
    replies: int = 4
    away: int = 8
    complains: int = 1
    complains_in_words: bool = False
    unsubscribes: int = 7
    comes_back: int = 4
    troubles: tuple[Trouble, ...] = (Trouble.GONE, Trouble.GONE, Trouble.FULL, Trouble.REFUSED)
    prefetcher: str = ""
    privacy: int = 0
    prefetch_hides: bool = False
    scanned: int = 0  # where there is no gateway by domain


GMAIL: Final = Habits(
    readers=(agents.GMAIL_PROXY,),
    browsers=(agents.CHROME_PHONE, agents.CHROME, agents.SAFARI_PHONE),
    reads=380,
    clickers=160,
    complains=0,  # there is no feedback loop that would tell
    prefetcher=agents.GMAIL_PREFETCH,
    privacy=30,
)
OUTLOOK: Final = Habits(
    readers=(agents.OUTLOOK_DESKTOP, agents.EDGE, agents.CHROME),
    browsers=(agents.EDGE, agents.CHROME),
    reads=110,
    clickers=60,
    clicks_blind=5,
    complains=25,
    complains_in_words=True,
    unsubscribes=18,
    comes_back=30,
    troubles=(Trouble.REFUSED, Trouble.REFUSED, Trouble.GONE, Trouble.FULL),
    scanned=60,
)
YAHOO: Final = Habits(
    readers=(agents.YAHOO_PROXY,),
    browsers=(agents.CHROME, agents.SAFARI_PHONE),
    reads=330,
    clickers=140,
    complains=4,
)
APPLE: Final = Habits(
    readers=(agents.APPLE_MAIL,),
    browsers=(agents.SAFARI_PHONE,),
    reads=420,
    clickers=170,
    prefetcher=agents.APPLE_PRIVACY,
    privacy=850,
    prefetch_hides=True,
)
GMX: Final = Habits(
    readers=(agents.FIREFOX, agents.CHROME, agents.THUNDERBIRD),
    browsers=(agents.FIREFOX, agents.CHROME_PHONE),
    reads=300,
    clickers=120,
    complains=3,
    complains_in_words=True,
)
OTHER: Final = Habits(
    readers=(agents.THUNDERBIRD, agents.OUTLOOK_DESKTOP, agents.APPLE_MAIL),
    browsers=(agents.CHROME, agents.FIREFOX, agents.EDGE),
    reads=360,
    clickers=180,
    away=25,
    replies=8,
)
HABITS: Final[Mapping[str, Habits]] = {
    "gmail": GMAIL,
    "outlook": OUTLOOK,
    "yahoo": YAHOO,
    "apple": APPLE,
    "gmx": GMX,
    "other": OTHER,
}
