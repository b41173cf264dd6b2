"""Medians, ratios and how they are written."""

from __future__ import annotations

from bench.figures import Figure, as_json, median, table

FIGURES = {
    "smtp_source": Figure(20_000, 0.02),
    "plain": Figure(10_000, 0.08, 90.04),
    "liquid": Figure(5_000, 0.16, 91),
    "two_processes": Figure(12_000, 0.09, 89),
    "post_office": Figure(1_500, 0.9, 70),
}


class TestMedian:
    def test_takes_the_middle_of_rates_and_the_largest_memory(self):
        rounds = [Figure(1, 5, 80), Figure(9, 6, 90), Figure(3, 1, 85)]

        assert median(rounds) == Figure(3, 5, 90)

    def test_knows_no_memory_where_none_was_measured(self):
        assert median([Figure(1, 1)]).peak_mb is None


class TestAsJson:
    def test_has_the_promised_shape(self):
        content = as_json(FIGURES)

        assert content["smtp_source"] == {"rate": 20_000, "cpu_ms": 0.02}
        assert content["plain"] == {
            "rate": 10_000, "cpu_ms": 0.08, "ratio": 0.5, "peak_mb": 90.0,
        }  # fmt: skip
        assert content["liquid"]["ratio"] == 0.25
        assert content["post_office"] == {"rate": 1_500, "cpu_ms": 0.9}
        assert content["ratio_post_office"] == 8.0
        assert list(content) == [*FIGURES, "ratio_post_office"]


class TestTable:
    def test_names_every_sender(self):
        lines = table(FIGURES).splitlines()

        assert "smtp-source" in lines[1]
        assert lines[2].endswith("0.50")
        assert "8.0 times" in lines[-1]
