"""How mailbox providers come to trust a sending IP, and what they say to one that they do not.

They take little from a new IP and ask it to slow down beyond that; trust grows slowly with use,
fades with silence and suffers from pushing. The figures are made up to be plausible, the words are
those that senders see (docs/breakers.md). Used by the sandbox's server (sandbox/judge.py) and by
the world in which routing policies are compared (bench/providers.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sandbox.providers import Wording

STEP: Final = timedelta(minutes=30)  # trust is reckoned in steps of this length
WARM, NEW = 0.9, 0.05  # trust at the beginning
LEAST_TRUST: Final = 0.02  # also in an IP that was never seen
LEAST_TAKEN: Final = 2  # messages in a step, even from an IP without any trust
TRUST_GAIN: Final = 0.004  # of what is missing, for each step in which mail was taken
TRUST_FADE: Final = 0.0005  # for each step of silence
TRUST_LOSS: Final = 0.001  # for each step in which too much was sent


@dataclass(frozen=True, slots=True)
class Manner:
    """How a provider treats IPs: what it takes of a trusted one in a step, and how it says no."""

    limit: int
    slow_down: Wording
    blocked: Wording


@dataclass(slots=True)
class Standing:
    """How one provider sees one IP: by its history, and in the step that goes on."""

    trust: float
    left: int = 0  # what it still takes before it is too much
    used: bool = False
    pushed: bool = False  # whether too much was sent

    def begin(self, *, limit: int) -> None:
        """Begin a step: as much is taken as the IP is trusted with."""
        self.left = max(int(self.trust * limit), LEAST_TAKEN)
        self.used = self.pushed = False

    def take(self, count: int) -> int:
        """Return how many of so many messages are taken or refused, not put off."""
        taken = min(count, self.left)
        self.left -= taken
        self.used |= taken > 0
        self.pushed |= taken < count
        return taken

    def end(self) -> None:
        """End a step: trust follows from what was sent in it."""
        gain = TRUST_GAIN * (1 - self.trust) if self.used else -TRUST_FADE
        change = gain - (TRUST_LOSS if self.pushed else 0.0)
        self.trust = min(max(self.trust + change, LEAST_TRUST), 1.0)


# By the names of sandbox/providers.py. Others take from any IP what they take.
MANNERS: Final[Mapping[str, Manner]] = {
    "gmail": Manner(
        700,
        Wording(
            421,
            "Gmail has detected an unusual rate of unsolicited mail originating from\n"
            "your IP address. To protect our users from spam, mail sent from your IP\n"
            "address has been temporarily rate limited. For more information, go to\n"
            " https://support.google.com/mail/?p=UnsolicitedRateLimitError {queue} - gsmtp",
            "4.7.28",
        ),
        Wording(
            550,
            "[{ip}] Our system has detected that this message is likely unsolicited\n"
            "mail. To reduce the amount of spam sent to Gmail, this message has been\n"
            "blocked. For more information, go to\n"
            " https://support.google.com/mail/?p=UnsolicitedMessageError {queue} - gsmtp",
            "5.7.1",
        ),
    ),
    "outlook": Manner(
        350,
        Wording(
            451,
            "The mail server [{ip}] has been temporarily rate limited due to IP reputation. "
            "For e-mail delivery information, see https://postmaster.live.com (S775) "
            "[{host} {stamp} {queue}]",
            "4.7.650",
        ),
        Wording(
            550,
            "Unfortunately, messages from [{ip}] weren't sent. Please contact your "
            "Internet service provider since part of their network is on our block "
            "list (S3150). You can also refer your provider to "
            "http://mail.live.com/mail/troubleshooting.aspx#errors. [{host} {stamp} {queue}]",
            "5.7.1",
        ),
    ),
    "yahoo": Manner(
        300,
        Wording(
            421,
            "[TSS04] Messages from {ip} temporarily deferred due to unexpected volume or "
            "user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes",
            "4.7.0",
        ),
        Wording(
            553,
            "[BL21] Connections will not be accepted from {ip}, because the ip is on a "
            "block list; see https://postmaster.yahooinc.com/error-codes",
            "5.7.1",
        ),
    ),
    "apple": Manner(
        120,
        Wording(
            451,
            "[HCM1] Message deferred. Please visit https://support.apple.com/en-us/HT204137",
            "4.7.0",
        ),
        Wording(
            550,
            "[CS01] Message rejected due to local policy. Please visit "
            "https://support.apple.com/en-us/HT204137",
            "5.7.1",
        ),
    ),
    "gmx": Manner(
        90,
        Wording(421, "Too many connections from your network. Please try again later"),
        Wording(
            554,
            "Transaction failed\n"
            "Reject due to policy restrictions.\n"
            "For explanation visit "
            "https://postmaster.gmx.net/en/case?c=hi&i=ip&v={ip}&r={queue}",
        ),
    ),
}
