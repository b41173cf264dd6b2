"""Providers that mean something else than their codes and words say: data, looked at first."""

from __future__ import annotations

from typing import Final

from insights.classification.matching import wording
from insights.events import BounceClass

EXCEPTIONS: Final = (
    wording(
        "carrier_filter",
        BounceClass.BLOCK,
        # KDDI (au, ezweb, UQ mobile): no address between the colons means that the customer
        # filters this sender; a mailbox that is not there is named.
        r"\b550:? ?: User unknown",
    ),
    wording(
        "directory_edge",
        BounceClass.HARD,
        # Microsoft 365 keeps a directory at its edge: "Access denied" is about the recipient.
        r"\b5\.4\.1\b[^\n]{0,100}recipient address rejected: access denied",
        # Yandex answers with a policy code.
        r"\b5\.7\.1 no such user!",
        # Symantec Email Security.cloud (MessageLabs): not on the customer's list of addresses.
        r"^\W{0,4}542 \W{0,4}rejected",
    ),
)
