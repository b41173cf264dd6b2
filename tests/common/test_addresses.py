"""Addresses: what is forgiven, what is refused and how, and what never happens."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.addresses import (
    MAX_ADDRESS_OCTETS,
    Address,
    AddressError,
    normalize_address,
    split_display_name,
)

LOCAL_PARTS = st.from_regex(
    re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,10}(\.[A-Za-z0-9+_-]{1,10}){0,3}"),
    fullmatch=True,
)
DOMAINS = st.one_of(
    st.from_regex(re.compile(r"([A-Za-z0-9]{1,20}\.){1,3}[A-Za-z]{2,10}"), fullmatch=True).filter(
        lambda domain: "--" not in domain
    ),
    st.sampled_from(
        [
            "bücher.example",
            "straße.de",
            "почта.рф",
            "例え.テスト",
            "مثال.إختبار",
            "BÜCHER.example",
            "a-b.co.uk",
            "r3---sn.example.com",
        ]
    ),
)
ADDRESSES = st.builds("{}@{}".format, LOCAL_PARTS, DOMAINS)


class TestNormalizeAddress:
    @pytest.mark.parametrize(
        ("raw", "email"),
        [
            ("jo@example.com", "jo@example.com"),
            ("Jo.Doe+news@Example.COM", "Jo.Doe+news@example.com"),
            ("  jo@example.com\t", "jo@example.com"),
            ("jo@example.com\r\n", "jo@example.com"),
            ("\u00a0jo@example.com\u00a0", "jo@example.com"),
            ("\ufeffjo@example.com", "jo@example.com"),
            ("jo\u200b@exam\u00adple.com", "jo@example.com"),
            ("j\u200do@example\u200c.com", "jo@example.com"),
            ("jo\uff20example.com", "jo@example.com"),
            ("ｊｏ＠ｅｘａｍｐｌｅ．ｃｏｍ", "jo@example.com"),  # noqa: RUF001
            ("jo@example。com", "jo@example.com"),
            ("jo@example.com.", "jo@example.com"),
            ("jo@example.com;", "jo@example.com"),
            ("<jo@example.com>,", "jo@example.com"),
            ('"jo@example.com"', "jo@example.com"),
            ("'jo@example.com'", "jo@example.com"),
            ("\u201cjo@example.com\u201d", "jo@example.com"),
            ("mailto:jo@example.com?subject=Hello", "jo@example.com"),
            ("<MAILTO:jo@example.com>", "jo@example.com"),
            ("o'brien@example.ie", "o'brien@example.ie"),
            ("jo@bücher.example", "jo@xn--bcher-kva.example"),
            ("jo@BÜCHER.example", "jo@xn--bcher-kva.example"),
            ("jo@XN--BCHER-KVA.example", "jo@xn--bcher-kva.example"),
            ("jo@straße.de", "jo@xn--strae-oqa.de"),
            ("jo@почта.рф", "jo@xn--80a1acny.xn--p1ai"),
            ("jo@r3---sn.example.com", "jo@r3---sn.example.com"),
            ("jo@sub-domain.example.com", "jo@sub-domain.example.com"),
            ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
        ],
    )
    def test_gives_the_form_that_is_mailed(self, raw, email):
        address = normalize_address(raw)

        assert address == Address(email=email, key=email.lower(), domain=email.split("@")[1])

    def test_keeps_plus_tags_and_dots_apart(self):
        keys = {
            normalize_address(raw).key
            for raw in ("jo.doe@example.com", "jodoe@example.com", "jodoe+x@example.com")
        }

        assert len(keys) == 3

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            ("", "address_empty"),
            (" \u200b ", "address_empty"),
            ("<>", "address_empty"),
            ("John Doe", "address_without_at"),
            ("example.com", "address_without_at"),
            ("@example.com", "address_without_local"),
            ("jo@", "address_without_domain"),
            ("jo@@example.com", "address_several_at"),
            ("a@example.com, b@example.com", "address_several_at"),
            ("jo doe@example.com", "address_space"),
            ("jo@exam\u00a0ple.com", "address_space"),
            ("jo@example.com\r\nBcc: x.example", "address_control_character"),
            ("jo@example.com\nbcc", "address_control_character"),
            ("jo\x00@example.com", "address_control_character"),
            ("jo\u2028@example.com", "address_control_character"),
            ("Jo Doe <jo@example.com>", "address_with_name"),
            ('"jo doe"@example.com', "address_quoted"),
            ("jö@example.com", "address_local_not_ascii"),
            ("jo(work)@example.com", "address_local_sign"),
            ("jo:x@example.com", "address_local_sign"),
            (".jo@example.com", "address_local_dots"),
            ("jo.@example.com", "address_local_dots"),
            ("jo..doe@example.com", "address_local_dots"),
            ("\u200d@example.com", "address_local_dots"),
            ("a" * 65 + "@example.com", "address_local_too_long"),
            ("a" * 10 + "@" + ".".join(["b" * 60] * 4) + ".com", "address_too_long"),
            ("a" * 300_000, "address_too_long"),
            ("jo@[192.0.2.1]", "address_ip_literal"),
            ("jo@192.0.2.1", "address_ip_literal"),
            ("jo@localhost", "address_domain_without_dot"),
            ("jo@example..com", "address_domain_dots"),
            ("jo@.com", "address_domain_dots"),
            ("jo@foo_bar.com", "address_domain_invalid"),
            ("jo@-example.com", "address_domain_invalid"),
            ("jo@example-.com", "address_domain_invalid"),
            ("jo@" + "b" * 64 + ".com", "address_domain_invalid"),
            ("jo@xn--a.com", "address_domain_invalid"),
            ("jo@☃.com", "address_domain_invalid"),
            ("jo@example.com/path", "address_domain_invalid"),
        ],
    )
    def test_says_what_is_wrong(self, raw, code):
        with pytest.raises(AddressError) as refused:
            normalize_address(raw)

        assert refused.value.code == code
        assert refused.value.message.endswith((".", "?"))
        assert "\n" not in refused.value.message
        assert len(refused.value.message) < 1_200

    def test_names_the_sign_that_is_not_allowed(self):
        with pytest.raises(AddressError, match="“ö”"):
            normalize_address("jö@example.com")

    @given(ADDRESSES)
    def test_is_idempotent(self, raw):
        once = normalize_address(raw)

        assert normalize_address(once.email) == once
        assert normalize_address(once.key).key == once.key

    @given(ADDRESSES)
    def test_gives_one_key_for_every_case(self, raw):
        swapped = "".join(sign if sign == "ß" else sign.swapcase() for sign in raw)

        assert normalize_address(swapped).key == normalize_address(raw).key

    @given(
        st.one_of(
            st.text(max_size=60),
            st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)),
            st.builds("{}@{}.com".format, LOCAL_PARTS, st.text(min_size=1, max_size=20)),
            st.text(alphabet="a.@ <>\"'\r\n-\u200d＠mailto:", max_size=30),  # noqa: RUF001
        )
    )
    @example("a@b.com\r\n")
    @example("a@\u0130.com")
    def test_never_lets_a_control_character_or_a_space_through(self, raw):
        try:
            address = normalize_address(raw)
        except AddressError:
            return

        assert address.email.isascii()
        assert not re.search(r"[\x00-\x20\x7f<>\"(),:;\[\]\\]", address.email)
        assert address.email.count("@") == 1
        assert len(address.email) <= MAX_ADDRESS_OCTETS
        assert address.email.endswith(f"@{address.domain}")
        assert address.domain == address.domain.lower()
        assert normalize_address(address.email) == address


class TestSplitDisplayName:
    @pytest.mark.parametrize(
        ("raw", "name", "address"),
        [
            ("Jo Doe <jo@example.com>", "Jo Doe", "jo@example.com"),
            ('"Doe, Jo" <jo@example.com>;', "Doe, Jo", "jo@example.com"),
            ("<jo@example.com>", "", "jo@example.com"),
            ("jo@example.com", "", "jo@example.com"),
            ("a < b@example.com", "", "a < b@example.com"),
            ("Jo <jo@example.com> and more", "", "Jo <jo@example.com> and more"),
        ],
    )
    def test_takes_the_address_out_of_the_brackets(self, raw, name, address):
        assert split_display_name(raw) == (name, address)
