"""What is kept of the address behind an open or click."""

import pytest

from insights.actors import truncated


class TestTruncated:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("203.0.113", ""),
            ("", ""),
        ],
    )
    def test_keeps_the_network_alone(self, address, expected):
        assert truncated(address) == expected
