"""How to reach one SMTP server and how hard to work it."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field

DEFAULT_CONNECTIONS = 16
DEFAULT_MESSAGES_PER_CONNECTION = 1000
CONNECT_TIMEOUT_SECONDS = 30.0  # TCP connect, and once more for the TLS handshake
REPLY_TIMEOUT_SECONDS = 300.0  # RFC 5321 4.5.3.2.1 to .3: greeting, MAIL and RCPT
BODY_TIMEOUT_SECONDS = 600.0  # RFC 5321 4.5.3.2.6: the answer to the final dot

LAST_PORT = 65535
_HELO_NAME = re.compile(r"[!-~]*", re.ASCII)  # goes into a command line as it is


class TlsMode(enum.StrEnum):
    """When the connection is encrypted."""

    NONE = "none"
    STARTTLS = "starttls"  # or no mail at all
    STARTTLS_IF_OFFERED = "starttls_if_offered"
    IMPLICIT = "implicit"  # from the first byte, port 465


class Pipelining(enum.StrEnum):
    """Whether several commands may travel in one write (RFC 2920)."""

    AUTO = "auto"  # where the server offers it
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """One way to hand mail to an SMTP server.

    `source_address` is the local IP to bind, empty for the system's choice; `helo_name` empty means
    the address literal of the local end. `ca_file` replaces the system's certificate authorities.
    `messages_per_connection` and `rate_per_second` are without limit at 0.
    `cleartext_auth` permits a password on an unencrypted connection to another host.
    Timeouts are in seconds.

    Raises ValueError for a value that cannot work.
    """

    host: str
    port: int = 25
    tls: TlsMode = TlsMode.STARTTLS_IF_OFFERED
    verify_certificate: bool = True
    ca_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    cleartext_auth: bool = False
    source_address: str = ""
    helo_name: str = ""
    connections: int = DEFAULT_CONNECTIONS
    messages_per_connection: int = DEFAULT_MESSAGES_PER_CONNECTION
    rate_per_second: float = 0.0
    connect_timeout: float = CONNECT_TIMEOUT_SECONDS
    reply_timeout: float = REPLY_TIMEOUT_SECONDS
    body_timeout: float = BODY_TIMEOUT_SECONDS
    pipelining: Pipelining = Pipelining.AUTO

    def __post_init__(self) -> None:
        """Turn plain words into the enums and refuse what cannot work."""
        object.__setattr__(self, "tls", TlsMode(self.tls))
        object.__setattr__(self, "pipelining", Pipelining(self.pipelining))
        for problem, is_there in self._problems().items():
            if is_there:
                raise ValueError(problem)

    def _problems(self) -> dict[str, bool]:
        timeouts = (self.connect_timeout, self.reply_timeout, self.body_timeout)
        return {
            "The host is empty.": not self.host,
            "The port must lie between 1 and 65535.": not 1 <= self.port <= LAST_PORT,
            "At least one connection is needed.": self.connections < 1,
            "Messages per connection cannot be negative.": self.messages_per_connection < 0,
            "The rate cannot be negative.": self.rate_per_second < 0,
            "Timeouts must be longer than zero seconds.": min(timeouts) <= 0,
            "The HELO name must be one printable ASCII word.": not _HELO_NAME.fullmatch(
                self.helo_name
            ),
        }
