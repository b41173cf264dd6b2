"""Signed tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.tokens import Purpose, TokenSigner

SIGNER = TokenSigner({"b": b"current", "a": b"previous"})
IDS = st.integers(1, 2**63 - 1)
NAMES = {
    Purpose.OPENED: "opened",
    Purpose.CLICKED: "clicked",
    Purpose.UNSUBSCRIBE: "unsubscribe",
    Purpose.PREFERENCES: "preferences",
    Purpose.RETURN_PATH: "return_path",
}


def token_for(signer: TokenSigner, recipient_id: int, purpose: Purpose) -> str:
    return getattr(signer.for_message(recipient_id), NAMES[purpose])


class TestRead:
    @given(IDS, st.sampled_from(Purpose))
    def test_returns_the_recipient_of_a_token(self, recipient_id, purpose):
        token = token_for(SIGNER, recipient_id, purpose)

        assert SIGNER.read(token, purpose=purpose) == recipient_id
        assert len(token) <= 40

    @given(IDS, st.sampled_from(Purpose), st.sampled_from(Purpose))
    def test_refuses_a_token_made_for_something_else(self, recipient_id, made, used):
        token = token_for(SIGNER, recipient_id, made)

        assert (SIGNER.read(token, purpose=used) == recipient_id) == (made == used)

    @given(st.text(max_size=60), st.sampled_from(Purpose))
    def test_refuses_anything_else(self, text, purpose):
        assert SIGNER.read(text, purpose=purpose) is None

    @given(IDS, st.integers(0, 30), st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-_."))
    def test_refuses_a_changed_character(self, recipient_id, place, character):
        token = SIGNER.for_message(recipient_id).clicked
        place %= len(token)
        changed = token[:place] + character + token[place + 1 :]

        assert changed == token or SIGNER.read(changed, purpose=Purpose.CLICKED) is None

    @given(IDS, st.sampled_from(Purpose))
    def test_still_reads_tokens_of_the_key_before(self, recipient_id, purpose):
        old = token_for(TokenSigner({"a": b"previous"}), recipient_id, purpose)

        assert SIGNER.read(old, purpose=purpose) == recipient_id

    def test_refuses_tokens_of_an_unknown_key(self):
        foreign = TokenSigner({"b": b"of another installation"}).for_message(1).clicked

        assert SIGNER.read(foreign, purpose=Purpose.CLICKED) is None

    @given(IDS)
    def test_reads_a_return_path_whose_case_was_folded(self, recipient_id):
        token = SIGNER.for_message(recipient_id).return_path

        assert SIGNER.read(token.upper(), purpose=Purpose.RETURN_PATH) == recipient_id


class TestSignUrl:
    @given(IDS, st.integers(0, 500), st.text(max_size=200))
    def test_gives_back_the_exact_address(self, recipient_id, number, rest):
        url = "https://example.com/" + rest.encode("utf-8", "replace").decode()

        token = SIGNER.sign_url(recipient_id, number, url)

        assert SIGNER.read_url(token) == (recipient_id, number, url)

    @given(st.text(max_size=80))
    def test_refuses_anything_else(self, text):
        assert SIGNER.read_url(text) is None

    def test_refuses_another_address_under_the_same_signature(self):
        first = SIGNER.sign_url(1, 1, "https://example.com/a").rpartition(".")
        second = SIGNER.sign_url(1, 1, "https://evil.example/").rpartition(".")

        assert SIGNER.read_url(second[0] + "." + first[2]) is None


class TestTokenSigner:
    @pytest.mark.parametrize("keys", [{}, {"ab": b"x"}, {"A": b"x"}, {".": b"x"}])
    def test_refuses_keys_it_could_not_name_in_a_token(self, keys):
        with pytest.raises(ValueError, match="token keys"):
            TokenSigner(keys)
