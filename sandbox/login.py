"""AUTH PLAIN and LOGIN, the server's side, without a socket (RFC 4954, RFC 4616)."""

from __future__ import annotations

import base64
import binascii
import hmac

from sandbox.providers import encode_reply


class Login:
    """One client's way through AUTH. `credentials` are "user:password"; empty asks for none."""

    def __init__(self, credentials: str) -> None:
        self._credentials = credentials
        self._mechanism = ""
        self._user: str | None = None
        self.needed = bool(credentials)

    @property
    def running(self) -> bool:
        """Whether the next line is part of the login, not a command."""
        return bool(self._mechanism)

    def begin(self, arguments: str) -> bytes:
        """Return the answer to AUTH with its arguments."""
        mechanism, _, initial = arguments.partition(" ")
        self._mechanism, self._user = mechanism.upper(), None
        if not self._credentials or self._mechanism not in ("PLAIN", "LOGIN"):
            self._mechanism = ""
            return encode_reply(504, ["5.5.4 Unrecognized authentication type"])
        if initial:
            return self.go_on("" if initial == "=" else initial)
        return encode_reply(334, ["" if self._mechanism == "PLAIN" else _encoded("Username:")])

    def go_on(self, line: str) -> bytes:
        """Return the answer to a line of the login."""
        said = _decoded(line)
        if self._mechanism == "LOGIN" and self._user is None:
            self._user = said
            return encode_reply(334, [_encoded("Password:")])
        # PLAIN: authorization identity, user and password with a NUL between them.
        given = f"{self._user}:{said}" if self._user is not None else said.partition("\0")[2]
        return self._judge(given.replace("\0", ":", 1))

    def _judge(self, given: str) -> bytes:
        self._mechanism = ""
        if hmac.compare_digest(given.encode(), self._credentials.encode()):
            self.needed = False
            return encode_reply(235, ["2.7.0 Authentication successful"])
        return encode_reply(535, ["5.7.8 Error: authentication failed"])


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return ""
