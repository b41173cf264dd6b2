"""How the big mailbox providers word their answers, as data.

The words are those that senders see in their logs; Gmail's are listed in Google's "Gmail SMTP
errors and codes", Yahoo's in its "SMTP Error Codes", those of GMX on its postmaster pages. Queue
ids, host names and addresses are made up. See docs/sandbox.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.behaviour import ORDINARY, STRICT, Behaviour, Shares


@dataclass(frozen=True, slots=True)
class Wording:
    """One answer. `text` may name the values of sandbox/answers.py: {address}, {ip}, {queue}, ...

    `enhanced` is repeated on each line, as providers that send enhanced codes do.
    `after_body`: the provider accepts at RCPT and says this only when it has the whole message.
    """

    code: int
    text: str
    enhanced: str = ""
    after_body: bool = False

    def encode(self, values: Mapping[str, object]) -> bytes:
        """Return the answer as it goes over the wire."""
        lines = self.text.format_map(values).split("\n")
        return encode_reply(self.code, [f"{self.enhanced} {line}".strip() for line in lines])


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider: the labels its domains are known by, its host, its wordings.

    `shares` are those of its mailboxes that misbehave.
    """

    name: str
    labels: frozenset[str]
    host: str
    wordings: Mapping[Behaviour, Wording]
    shares: Shares = ORDINARY


def encode_reply(code: int, lines: list[str]) -> bytes:
    """Return a reply with a hyphen after the code of every line but the last (RFC 5321 4.2.1)."""
    last = len(lines) - 1
    text = "".join(f"{code}{' ' if at == last else '-'}{line}\r\n" for at, line in enumerate(lines))
    return text.encode("ascii", "replace")


def provider_of(address: str) -> Provider:
    """Return who takes mail for `address`: any label of its domain may tell (gmail.example)."""
    _, _, domain = address.lower().rpartition("@")
    return next((_BY_LABEL[label] for label in domain.split(".") if label in _BY_LABEL), OTHER)


GMAIL = Provider(
    "gmail",
    frozenset({"gmail", "googlemail"}),
    "mx.gmail.example",
    {
        Behaviour.ACCEPT: Wording(250, "OK  {epoch} {queue} - gsmtp", "2.0.0"),
        Behaviour.UNKNOWN: Wording(
            550,
            "The email account that you tried to reach does not exist. Please try\n"
            "double-checking the recipient's email address for typos or\n"
            "unnecessary spaces. For more information, go to\n"
            " https://support.google.com/mail/?p=NoSuchUser {queue} - gsmtp",
            "5.1.1",
        ),
        Behaviour.FULL: Wording(
            452,
            "The recipient's inbox is out of storage space. Please direct the\n"
            "recipient to\n"
            " https://support.google.com/mail/?p=OverQuotaTemp {queue} - gsmtp",
            "4.2.2",
        ),
        Behaviour.DEFER: Wording(
            450,
            "The user you are trying to contact is receiving mail at a rate that\n"
            "prevents additional messages from being delivered. Please resend your\n"
            "message at a later time. If the user is able to receive mail at that\n"
            "time, your message will be delivered. For more information, go to\n"
            " https://support.google.com/mail/?p=ReceivingRate {queue} - gsmtp",
            "4.2.1",
        ),
        Behaviour.BLOCK: Wording(
            550,
            "[{ip}] Gmail has detected that this message is\n"
            "likely unsolicited mail. To reduce the amount of spam sent to Gmail,\n"
            "this message has been blocked. For more information, go to\n"
            " https://support.google.com/mail/?p=UnsolicitedMessageError {queue} - "
            "gsmtp",
            "5.7.1",
            after_body=True,
        ),
        Behaviour.BUSY: Wording(421, "Temporary System Problem. Try again later.", "4.3.0"),
    },
)
OUTLOOK = Provider(
    "outlook",
    frozenset({"hotmail", "live", "msn", "outlook"}),
    "DB8EUR05FT010.mail.protection.outlook.example",
    {
        Behaviour.ACCEPT: Wording(
            250,
            "{message_id} [InternalId={number}, Hostname={host}] {size} bytes in "
            "0.141, 67.260 KB/sec Queued mail for delivery -> 250 2.1.5",
            "2.6.0",
        ),
        Behaviour.UNKNOWN: Wording(
            550,
            "Requested action not taken: mailbox unavailable (S2017062302). "
            "[{host} {stamp} {queue}]",
            "5.5.0",
        ),
        Behaviour.FULL: Wording(
            554,
            "mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException [{host}]",
            "5.2.2",
            after_body=True,
        ),
        # Of single mailboxes and messages: what is said of an IP is in sandbox/trust.py, and makes
        # senders leave the provider alone.
        Behaviour.DEFER: Wording(
            451,
            "Temporary server error. Please try again later. PRX5 [{host} {stamp} {queue}]",
            "4.7.0",
        ),
        Behaviour.BLOCK: Wording(
            550,
            "SC-001 Mail rejected by Outlook.com for policy reasons. Reasons for rejection may be "
            "related to content with spam-like characteristics or IP/domain reputation problems. "
            "If you are not an email/network admin please contact your Email/Internet Service "
            "Provider for help. [{host} {stamp} {queue}]",
            "5.7.1",
        ),
        Behaviour.BUSY: Wording(
            421, "Service not available, closing transmission channel [{host}]", "4.3.2"
        ),
    },
    shares=STRICT,  # the one that a look at the demo's figures should find
)
YAHOO = Provider(
    "yahoo",
    frozenset({"aol", "yahoo", "ymail"}),
    "mta4142.mail.yahoo.example",
    {
        Behaviour.ACCEPT: Wording(250, "ok dirdel"),
        Behaviour.UNKNOWN: Wording(
            554,
            "delivery error: dd This user doesn't have a yahoo.com account "
            "({address}) [0] - {host}",
            after_body=True,
        ),
        Behaviour.FULL: Wording(
            552, "Requested mail action aborted: exceeded storage allocation", after_body=True
        ),
        Behaviour.DEFER: Wording(
            451, "{host} Resources temporarily unavailable. Please try again later [#4.16.1]."
        ),
        Behaviour.BLOCK: Wording(
            554,
            "Message not allowed - [PH01] Email not accepted for policy reasons. "
            "Please visit https://postmaster.yahooinc.com/error-codes [120]",
            after_body=True,
        ),
        Behaviour.BUSY: Wording(
            421,
            "[TSS04] Messages from {ip} temporarily deferred due to unexpected "
            "volume or user complaints - 4.16.55.1; see "
            "https://postmaster.yahooinc.com/error-codes",
            "4.7.0",
        ),
    },
)
ICLOUD = Provider(
    "apple",
    frozenset({"icloud", "mac", "me"}),
    "mx01.mail.icloud.example",
    {
        Behaviour.ACCEPT: Wording(250, "Ok: queued as {queue}", "2.0.0"),
        Behaviour.UNKNOWN: Wording(550, "<{address}>: user does not exist", "5.1.1"),
        Behaviour.FULL: Wording(450, "<{address}>: user is overquota", "4.2.2"),
        Behaviour.DEFER: Wording(451, "Service unavailable - try again later", "4.7.1"),
        Behaviour.BLOCK: Wording(
            550,
            "[CS01] Message rejected due to local policy. Please visit "
            "https://support.apple.com/en-us/HT204137",
            "5.7.1",
            after_body=True,
        ),
        Behaviour.BUSY: Wording(
            421,
            "Messages to {address} deferred due to excessive volume. Try again "
            "later - https://support.apple.com/en-us/HT204137",
            "4.7.1",
        ),
    },
)
GMX = Provider(
    "gmx",
    frozenset({"gmx", "web"}),
    "mxgmx104.gmx.example",
    {
        Behaviour.ACCEPT: Wording(250, "Requested mail action okay, completed: id={queue}"),
        Behaviour.UNKNOWN: Wording(
            550,
            "Requested action not taken: mailbox unavailable\n"
            "For explanation visit "
            "https://postmaster.gmx.net/en/case?c=r0201&i=ip&v={ip}&r={queue}",
        ),
        Behaviour.FULL: Wording(552, "Requested mail action aborted: exceeded storage allocation"),
        Behaviour.DEFER: Wording(451, "Requested action aborted: local error in processing"),
        Behaviour.BLOCK: Wording(
            554,
            "Transaction failed\n"
            "Reject due to policy restrictions.\n"
            "For explanation visit "
            "https://postmaster.gmx.net/en/case?c=hi&i=ip&v={ip}&r={queue}",
            after_body=True,
        ),
        Behaviour.BUSY: Wording(421, "Rate limit reached. Please try again later"),
    },
)
OTHER = Provider(
    "other",
    frozenset(),
    "mail.sandbox.example",
    {
        Behaviour.ACCEPT: Wording(250, "Ok: queued as {queue}", "2.0.0"),
        Behaviour.UNKNOWN: Wording(
            550,
            "<{address}>: Recipient address rejected: User unknown in virtual mailbox table",
            "5.1.1",
        ),
        Behaviour.FULL: Wording(
            552,
            "<{address}>: Recipient address rejected: Mailbox is full / Blocks "
            "limit exceeded / Inode limit exceeded",
            "5.2.2",
        ),
        Behaviour.DEFER: Wording(
            450, "<{address}>: Recipient address rejected: Greylisted", "4.2.0"
        ),
        Behaviour.BLOCK: Wording(
            554, "Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org", "5.7.1"
        ),
        Behaviour.BUSY: Wording(421, "{host} Error: too many connections from {ip}", "4.7.0"),
    },
)
PROVIDERS = (GMAIL, OUTLOOK, YAHOO, ICLOUD, GMX, OTHER)
_BY_LABEL = {label: provider for provider in PROVIDERS for label in provider.labels}
