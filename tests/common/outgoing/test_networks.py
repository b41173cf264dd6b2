import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outgoing.networks import is_among, is_public

INSIDE = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
    "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "193.0.0.1",
    "2606:4700:4700::1111", "2a00:1450:4001:82a::200e", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
]  # fmt: skip


class TestIsPublic:
    @pytest.mark.parametrize("text", INSIDE)
    def test_is_false_for_what_is_not_for_everybody(self, text):
        assert not is_public(ipaddress.ip_address(text))

    @pytest.mark.parametrize("text", OUTSIDE)
    def test_is_true_for_what_is(self, text):
        assert is_public(ipaddress.ip_address(text))

    @given(st.ip_addresses(v=4))
    def test_sees_through_ipv6_forms_of_ipv4(self, address):
        mapped = ipaddress.ip_address(f"::ffff:{address}")
        translated = ipaddress.ip_address(f"64:ff9b::{address}")

        assert is_public(mapped) == is_public(translated) == is_public(address)


class TestIsAmong:
    def test_sees_through_mapped_addresses(self):
        networks = [ipaddress.ip_network("127.0.0.0/8")]

        assert is_among(ipaddress.ip_address("::ffff:127.0.0.5"), networks)
        assert not is_among(ipaddress.ip_address("::1"), networks)
