import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outgoing.web_addresses import WebAddress, WebAddressError, parse_web_address


class TestParseWebAddress:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("https://example.com", WebAddress("https", "example.com", 443, "/")),
            ("https://EXAMPLE.com./a?b=c", WebAddress("https", "example.com", 443, "/a?b=c")),
            ("http://127.0.0.1:8080/x", WebAddress("http", "127.0.0.1", 8080, "/x")),
            ("https://[2001:DB8::1]:444/", WebAddress("https", "2001:db8::1", 444, "/")),
            (
                "https://müller.example/ä",
                WebAddress("https", "xn--mller-kva.example", 443, "/%C3%A4"),
            ),
            ("https://a_b.example/%20x", WebAddress("https", "a_b.example", 443, "/%20x")),
        ],
    )
    def test_reads_whole_addresses(self, text, expected):
        assert parse_web_address(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "", "example.com", "//example.com", "ftp://example.com", "file:///etc/passwd",
            "javascript:alert(1)", "https://", "https:///path", "https://user:pw@example.com",
            "https://@example.com", "https://example.com#part", "https://example.com/a b",
            "https://example.com/\r\nHost: x", "https://example.com\\@evil.example", "https://a..b",
            "https://-a.example", "https://2130706433/", "https://0x7f000001/", "https://127.1/",
            "https://0177.0.0.1/", "https://[fe80::1%25eth0]/", "https://[::1", "https://a:99999/",
            "https://a:0/", "https://example.com:port/", "https://" + "a" * 64 + ".example",
            "https://example.com/" + "a" * 2_000,
        ],
    )  # fmt: skip
    def test_refuses_what_can_be_read_in_two_ways(self, text):
        with pytest.raises(WebAddressError):
            parse_web_address(text)

    @given(st.text(max_size=60))
    def test_never_breaks(self, text):
        try:
            address = parse_web_address(f"https://{text}")
        except WebAddressError:
            return
        assert address.host.isascii()
        assert address.target.isascii()
        assert not any(character.isspace() for character in address.host + address.target)


class TestAuthority:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("https://example.com/", "example.com"),
            ("https://example.com:8443/", "example.com:8443"),
            ("http://[::1]:80/", "[::1]"),
        ],
    )
    def test_names_the_port_when_it_is_not_the_usual_one(self, text, expected):
        assert parse_web_address(text).authority == expected
