"""What a connection asks of whoever keeps the messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sending.transports.base import Answer, Stage
from sending.transports.work import Work

if TYPE_CHECKING:
    from sending.transports.smtp.session import Session


class Supply(Protocol):
    """Where a connection gets its messages from, and whom it tells what became of them."""

    def next_work(self, session: Session) -> Work | None:
        """Return the next message for a connection, or None if there is none for now."""

    def handing_over(self, work: Work) -> None:
        """Note that the body is about to be written. Raises what the journal raises."""

    def settle(
        self, work: Work, answer: Answer, *, stage: Stage, code: int | None, response: str
    ) -> None:
        """Give a message its receipt."""

    def put_back(self, work: Work, *, stage: Stage | None, reason: str) -> None:
        """Take back a message whose body did not leave.

        `stage` is the step of it that got no answer, or None if the one before it got none.
        """

    def session_ended(self, session: Session, *, reason: str, in_vain: bool) -> None:
        """Note the end of a connection; `in_vain` if it had messages and answered not one."""
