"""Who does what about a message, and when."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.audience import agents
from sandbox.audience.deeds import Deed, Who
from sandbox.audience.habits import OUTLOOK, PER_MILLE
from sandbox.audience.plans import Wish, plan
from sandbox.audience.tempo import PREFETCH, SCAN, TEMPOS

TEMPO = TEMPOS["test"]
SOON_SECONDS = 10  # below that nobody is taken for a person


def planned(address, *, subject="Winter roast", seed=1):
    return plan(address, subject=subject, seed=seed, tempo=TEMPO)


def deeds(address, **others):
    return [action.deed for action in planned(address, **others)]


def of_many(domain, *, count=4000):
    """Return how many of so many people did each thing at least once."""
    return Counter(
        deed for number in range(count) for deed in set(deeds(f"person{number}@{domain}"))
    )


class TestPlan:
    @given(st.text(st.characters(codec="ascii"), max_size=12), st.text(max_size=12), st.integers())
    def test_is_the_same_for_the_same_seed_address_and_subject(self, name, subject, seed):
        address = f"{name}@yahoo.example"

        assert planned(address, subject=subject, seed=seed) == planned(
            address, subject=subject, seed=seed
        )

    @pytest.mark.parametrize("change", [{"seed": 2}, {"subject": "Spring tea"}])
    def test_changes_with_the_seed_and_the_subject(self, change):
        people = [f"person{number}@gmail.example" for number in range(200)]

        assert [planned(p) for p in people] != [planned(p, **change) for p in people]

    @given(st.integers(0, 100_000), st.sampled_from(["gmail", "icloud", "outlook", "firm"]))
    def test_is_in_the_order_of_time_and_people_come_after_machines(self, number, domain):
        actions = planned(f"person{number}@{domain}.example")

        moments = [action.after_seconds for action in actions]
        assert moments == sorted(moments)
        assert all(a.after_seconds > SOON_SECONDS for a in actions if a.who is Who.PERSON)

    @pytest.mark.parametrize(
        ("wish", "wanted"),
        [
            (Wish.QUIET, []),
            (Wish.OPENS, [Deed.OPEN]),
            (Wish.CLICKS, [Deed.OPEN, Deed.CLICK]),
            (Wish.BLIND, [Deed.CLICK]),
            (Wish.REPLIES, [Deed.REPLY]),
            (Wish.AWAY, [Deed.AUTO_REPLY]),
            (Wish.SCANNED, [Deed.SCAN, Deed.CLICK]),
            (Wish.PREFETCHED, [Deed.OPEN]),
        ],
    )
    @pytest.mark.parametrize("domain", ["gmail", "icloud", "outlook", "gmx", "firm"])
    def test_follows_the_prefix_of_the_local_part(self, wish, wanted, domain):
        assert deeds(f"{wish}+someone@{domain}.example") == wanted

    def test_complains_in_the_way_of_the_provider(self):
        assert deeds("complains+a@yahoo.example") == [Deed.COMPLAIN]
        assert deeds("complains+a@outlook.example") == [Deed.COMPLAIN_IN_WORDS]

    def test_unsubscribes_and_comes_back_in_both_ways(self):
        ways = {deeds(f"{w}+{n}@gmx.example")[0] for w in (Wish.UNSUBSCRIBES, Wish.COMES_BACK)
                for n in range(50)}  # fmt: skip

        assert ways == {
            Deed.UNSUBSCRIBE, Deed.UNSUBSCRIBE_BY_MAIL, Deed.BOUNCE, Deed.BOUNCE_IN_WORDS,
        }  # fmt: skip

    def test_does_nothing_else_about_what_comes_back(self):
        plans = [deeds(f"person{number}@outlook.example") for number in range(3000)]

        returned = [p for p in plans if Deed.BOUNCE in p or Deed.BOUNCE_IN_WORDS in p]
        assert returned
        assert all(len(p) == 1 for p in returned)


class TestMachines:
    def test_scan_within_two_seconds_whatever_the_tempo(self):
        (scan, _) = plan("scanned+a@firm.example", subject="x", seed=1, tempo=TEMPOS["life"])

        assert scan.deed is Deed.SCAN
        assert SCAN[0] <= scan.after_seconds <= SCAN[1] < 2

    def test_of_a_company_are_the_same_for_everybody(self):
        agents_seen = {
            action.agent
            for number in range(50)
            for action in planned(f"scanned+{number}@acme-tools.example")
            if action.deed is Deed.SCAN
        }

        assert len(agents_seen) == 1

    def test_of_apple_load_pictures_for_most_and_hide_who_reads(self):
        plans = [planned(f"person{number}@icloud.example") for number in range(2000)]

        prefetched = [p for p in plans if any(a.agent == agents.APPLE_PRIVACY for a in p)]
        openings = [a for p in prefetched for a in p if a.deed is Deed.OPEN]
        assert 0.8 < len(prefetched) / len(plans) < 0.9
        assert {a.who for a in openings} == {Who.MACHINE}
        assert all(PREFETCH[0] <= a.after_seconds <= PREFETCH[1] for a in openings)

    def test_come_from_elsewhere_than_people(self):
        (scan, click) = planned("scanned+a@firm.example")

        assert scan.network != click.network


class TestProviders:
    def test_of_the_demo_differ_so_that_one_stands_out(self):
        outlook, gmail = of_many("outlook.example"), of_many("gmail.example")

        assert outlook[Deed.OPEN] < gmail[Deed.OPEN] / 2
        assert outlook[Deed.COMPLAIN_IN_WORDS] > 5 * of_many("gmx.example")[Deed.COMPLAIN_IN_WORDS]
        assert not gmail[Deed.COMPLAIN]

    def test_keep_their_shares(self):
        counts = of_many("outlook.example", count=8000)

        expected = 8000 * OUTLOOK.comes_back / PER_MILLE
        returned = counts[Deed.BOUNCE] + counts[Deed.BOUNCE_IN_WORDS]
        assert abs(returned - expected) < 4 * expected**0.5
