"""When a warming IP has to stop."""

from __future__ import annotations

import pytest

from warmup.health import Counts, reason_to_stop


def counts(*, sent=1000, delivered=None, bounced=0, hard=0, complained=0) -> Counts:
    taken = sent - bounced if delivered is None else delivered
    return Counts(sent, taken, bounced, hard, complained)


class TestReasonToStop:
    @pytest.mark.parametrize(
        "figures",
        [
            counts(),
            counts(sent=0),
            counts(bounced=30),  # 3.0 % exactly
            counts(sent=1000, delivered=1000, complained=1),  # 0.1 % exactly
            counts(sent=10, bounced=2, hard=2),
            counts(sent=49, bounced=20, hard=4),
            counts(sent=49, complained=1),
        ],
    )
    def test_is_none_up_to_the_limits(self, figures):
        assert reason_to_stop(figures) == ""

    @pytest.mark.parametrize(
        ("figures", "named"),
        [
            (counts(bounced=31), "3.10% (31 of 1,000)"),
            (counts(sent=50, bounced=2), "4.00% (2 of 50)"),
            (counts(sent=1000, delivered=999, complained=1), "0.10% (1 of 999)"),
            (counts(sent=1000, delivered=0, complained=2), "0.20% (2 of 1,000)"),
            (counts(sent=49, hard=5), "5 of 49"),
            (counts(sent=10, complained=2), "2 of 10"),
        ],
    )
    def test_names_the_figures(self, figures, named):
        assert named in reason_to_stop(figures)
