"""Who refused: the one we sent to, or one that their mail is passed on to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.forwards import is_of_addressee

ANN = "Ann@Mail.example"


class TestIsOfAddressee:
    @pytest.mark.parametrize(
        "refused",
        [
            "",
            "ann@mail.example",
            "<ANN@mail.EXAMPLE>",
            "ann@mx1.mail.example",
            "ann@example",
            "no address",
            "Recipient unknown",
        ],
    )
    def test_holds_where_nothing_points_elsewhere(self, refused):
        assert is_of_addressee(refused, addressee=ANN)

    @pytest.mark.parametrize(
        "refused",
        ["ben@mail.example", "ann@other.example", "ann@notmail.example", "a.nn@mail.example"],
    )
    def test_does_not_hold_of_another_mailbox(self, refused):
        assert not is_of_addressee(refused, addressee=ANN)

    @pytest.mark.parametrize(
        ("refused", "addressee"),
        [
            ("ann@mail.example", "ann+news@mail.example"),
            ("ann+news@mail.example", "ann@mail.example"),
            ("ann@xn--grn-ioa.example", "ann@grün.example"),
        ],
    )
    def test_holds_of_another_spelling(self, refused, addressee):
        assert is_of_addressee(refused, addressee=addressee)

    @given(st.text(max_size=40), st.text(max_size=40))
    def test_takes_any_text(self, refused, addressee):
        assert is_of_addressee(refused, addressee=addressee) in {True, False}

    @given(st.emails())
    def test_holds_of_itself(self, address):
        assert is_of_addressee(address, addressee=address)
