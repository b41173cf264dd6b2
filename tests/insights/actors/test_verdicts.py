"""People and machines, as they open and click."""

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.actors import (
    CLASSIFIER_VERSION,
    Context,
    DomainHistory,
    Hit,
    HitKind,
    Verdict,
    agent_family,
    judge,
    revise,
)
from insights.actors.rules import HISTORY_MESSAGES, RULES
from insights.events import Actor

DELIVERED_AT = datetime(2026, 11, 21, 4, 23, 20, tzinfo=UTC)
CONTEXT = Context(delivered_at=DELIVERED_AT, sent_at=DELIVERED_AT - timedelta(seconds=3))
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
GMAIL_PREFETCH = "Mozilla/5.0 (Windows NT 10.0) Chrome/42.0 Safari/537.36 Edge/12.246 Mozilla/5.0"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice rmj)"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
AGENTS = (None, "", "Mozilla/5.0", FIREFOX, GOOGLE, YAHOO, "curl/8")
HOME, OFFICE = "203.0.113.0/24", "198.51.100.0/24"
_ids = itertools.count()


def opened(seconds: float, user_agent: str | None = FIREFOX, **more: Any) -> Hit:
    at = DELIVERED_AT + timedelta(seconds=seconds)
    agent = agent_family(user_agent)
    hit = Hit(id=next(_ids), kind=HitKind.OPEN, at=at, agent=agent, network=HOME)
    return replace(hit, **more)


def clicked(seconds: float, link: int = 1, user_agent: str | None = FIREFOX, **more: Any) -> Hit:
    return opened(seconds, user_agent, kind=HitKind.CLICK, link_number=link, **more)


def actors(*hits: Hit, context: Context = CONTEXT) -> list[Actor]:
    verdicts = revise(hits, context)
    return [verdicts[hit.id].actor for hit in hits]


class TestJudge:
    @pytest.mark.parametrize(
        ("hit", "actor", "reason"),
        [
            # What the mail providers' own programs do.
            (opened(5, "Mozilla/5.0"), Actor.MACHINE, "prefetch"),
            (opened(9_000, "Mozilla/5.0"), Actor.MACHINE, "prefetch"),
            (opened(1, GMAIL_PREFETCH), Actor.MACHINE, "prefetch"),
            (opened(600, GMAIL_PREFETCH), Actor.MACHINE, "prefetch"),
            (opened(600, GOOGLE), Actor.HUMAN, "image_proxy"),
            (opened(30, GOOGLE), Actor.HUMAN, "image_proxy"),
            (opened(1, GOOGLE), Actor.MACHINE, "at_once"),
            (opened(6, GOOGLE), Actor.MACHINE, "soon_by_proxy"),
            (opened(600, YAHOO), Actor.HUMAN, "image_proxy"),
            (opened(600, OUTLOOK), Actor.HUMAN, "mail_client"),
            # People.
            (opened(600), Actor.HUMAN, "browser"),
            (clicked(600), Actor.HUMAN, "browser"),
            (clicked(60), Actor.HUMAN, "later"),
            (clicked(30), Actor.HUMAN, "browser"),
            # Scanners.
            (clicked(600, user_agent="Barracuda Sentinel (EE)"), Actor.MACHINE, "scanner"),
            (opened(600, "python-requests/2.32.3"), Actor.MACHINE, "scanner"),
            (clicked(600, user_agent=""), Actor.MACHINE, "no_user_agent"),
            (clicked(600, method="HEAD"), Actor.MACHINE, "head_request"),
            (clicked(0.4), Actor.MACHINE, "at_once"),
            (clicked(-2), Actor.MACHINE, "at_once"),
            (opened(600, claimed_machine=True), Actor.MACHINE, "claimed_machine"),
            # Nobody knows.
            (clicked(6), Actor.UNKNOWN, "soon"),
            (opened(600, "Lotus Notes"), Actor.HUMAN, "later"),
            (opened(20, "Lotus Notes"), Actor.UNKNOWN, None),
            (clicked(20, user_agent=None), Actor.UNKNOWN, None),
        ],
    )
    def test_knows_a_single_hit(self, hit, actor, reason):
        verdict = judge(hit, CONTEXT)

        assert verdict.actor == actor
        assert reason in verdict.reasons if reason else verdict.reasons == ()
        assert verdict.classifier_version == CLASSIFIER_VERSION

    @pytest.mark.parametrize(
        ("context", "actor"),
        [
            (CONTEXT, Actor.UNKNOWN),
            (replace(CONTEXT, history=DomainHistory(HISTORY_MESSAGES, 0.5)), Actor.MACHINE),
            (replace(CONTEXT, history=DomainHistory(HISTORY_MESSAGES - 1, 1)), Actor.UNKNOWN),
            (replace(CONTEXT, history=DomainHistory(1000, 0.05)), Actor.UNKNOWN),
            (replace(CONTEXT, gateway="mimecast"), Actor.MACHINE),
            (replace(CONTEXT, machine_networks=frozenset({HOME})), Actor.MACHINE),
            (Context(), Actor.HUMAN),
        ],
    )
    def test_weighs_what_is_known_around_a_quick_click(self, context, actor):
        assert judge(clicked(6), context).actor == actor

    def test_does_not_hold_a_fast_domain_against_a_slow_click(self):
        context = replace(CONTEXT, history=DomainHistory(1000, 0.9), gateway="mimecast")

        assert judge(clicked(300), context).actor == Actor.HUMAN

    @pytest.mark.parametrize(
        ("delivered", "sent", "reason"),
        [
            (0, -3, "at_once"),
            (-5, -8, "soon"),
            (-300, -303, "later"),
            (None, 0, "at_once"),  # handed over only: cannot have been delivered earlier
            (None, -300, None),  # may just have been delivered
            (40, -3, "at_once"),  # scanned before the mail server answered
            (7200, 0, "at_once"),  # a delivery that is assumed after hours says nothing
            (7200, 7200, None),
            (None, None, None),
        ],
    )
    def test_counts_from_delivery_where_it_can(self, delivered, sent, reason):
        moments = [
            None if seconds is None else DELIVERED_AT + timedelta(seconds=seconds)
            for seconds in (delivered, sent)
        ]

        verdict = judge(clicked(1), Context(delivered_at=moments[0], sent_at=moments[1]))

        assert set(verdict.reasons) - {"browser"} == ({reason} if reason else set())

    def test_is_surer_the_more_speaks_for_it(self):
        plain, scanner = clicked(0.5), clicked(0.5, user_agent="", method="HEAD")

        assert judge(plain, CONTEXT).confidence < judge(scanner, CONTEXT).confidence <= 1

    def test_names_the_weightiest_reason_first(self):
        verdict = judge(clicked(0.5, method="HEAD"), CONTEXT)

        assert verdict.reasons == ("head_request", "at_once", "browser")

    def test_takes_a_first_click_for_a_person_until_the_others_come(self):
        first, second, third = (clicked(900 + n / 10, link=n) for n in range(3))

        assert judge(first, CONTEXT).actor == Actor.HUMAN
        assert judge(third, replace(CONTEXT, others=[first, second])).actor == Actor.MACHINE
        assert revise([first, second, third], CONTEXT)[first.id].actor == Actor.MACHINE


class TestRevise:
    def test_sees_a_scanner_that_opens_all_links_at_delivery(self):
        hits = [clicked(n * 0.3, link=n) for n in range(6)]

        verdicts = revise(hits, replace(CONTEXT, link_count=6))

        for verdict in verdicts.values():
            assert verdict.actor == Actor.MACHINE
            assert {"at_once", "many_links_at_once"} <= set(verdict.reasons)

    def test_sees_a_scanner_that_comes_hours_later(self):
        assert set(actors(*(clicked(7200 + n * 0.5, link=n) for n in range(4)))) == {Actor.MACHINE}

    def test_sees_a_scanner_that_takes_its_time_from_link_to_link(self):
        hits = [clicked(300 + n * 4, link=n) for n in range(5)]

        assert set(actors(*hits, context=replace(CONTEXT, link_count=5))) == {Actor.MACHINE}
        assert set(actors(*hits, context=replace(CONTEXT, link_count=9))) == {Actor.HUMAN}
        shuffled = [
            replace(hit, link_number=n) for hit, n in zip(hits, (3, 1, 4, 2, 0), strict=True)
        ]
        assert set(actors(*shuffled, context=replace(CONTEXT, link_count=5))) == {Actor.HUMAN}

    def test_lets_a_person_click_without_loading_pictures(self):
        assert actors(clicked(300)) == [Actor.HUMAN]

    def test_does_not_count_an_apple_prefetch_beside_a_click_of_its_reader(self):
        assert actors(opened(40, "Mozilla/5.0"), clicked(300)) == [Actor.MACHINE, Actor.HUMAN]

    def test_lets_a_person_click_alone_after_a_burst(self):
        burst = [clicked(n * 0.2, link=n, network=OFFICE) for n in range(5)]
        later = clicked(1800, link=2)

        verdicts = revise([*burst, later], CONTEXT)

        assert {verdicts[hit.id].actor for hit in burst} == {Actor.MACHINE}
        assert verdicts[later.id].actor == Actor.HUMAN
        assert "alone_after_burst" in verdicts[later.id].reasons

    def test_lets_a_person_open_and_click_in_the_same_second(self):
        assert actors(opened(300), clicked(300.2)) == [Actor.HUMAN, Actor.HUMAN]

    def test_lets_a_person_click_twice(self):
        assert actors(clicked(300), clicked(300.4)) == [Actor.HUMAN, Actor.HUMAN]

    def test_does_not_decide_about_two_links_at_once(self):
        assert actors(clicked(300, link=1), clicked(301, link=2)) == [Actor.UNKNOWN, Actor.UNKNOWN]

    def test_suspects_the_same_from_several_networks_in_one_second(self):
        here, there = clicked(30), clicked(30.5, network=OFFICE)

        assert actors(here, there) == [Actor.MACHINE, Actor.MACHINE]
        assert actors(here, replace(there, at=there.at + timedelta(seconds=1))) == [
            Actor.HUMAN,
            Actor.HUMAN,
        ]

    def test_does_not_suspect_a_proxy_for_coming_from_two_networks(self):
        hits = [opened(300, GOOGLE), opened(300.5, GOOGLE, network=OFFICE)]

        assert "several_networks" not in revise(hits, CONTEXT)[hits[0].id].reasons

    def test_counts_a_proxy_once_a_second(self):
        first, again, later = opened(300, YAHOO), opened(300.3, YAHOO), opened(400, YAHOO)

        assert actors(first, again, later) == [Actor.HUMAN, Actor.MACHINE, Actor.HUMAN]

    def test_sees_that_a_get_belongs_to_a_head(self):
        head, get = clicked(300, method="HEAD"), clicked(303)
        other = clicked(303, user_agent=CHROME)

        assert actors(head, get) == [Actor.MACHINE, Actor.MACHINE]
        assert actors(head, other) == [Actor.MACHINE, Actor.HUMAN]

    def test_knows_that_no_person_follows_a_hidden_link(self):
        context = replace(CONTEXT, hidden_link=9)
        hidden = clicked(300, link=9)

        verdict = revise([hidden], context)[hidden.id]

        assert (verdict.actor, verdict.reasons[0]) == (Actor.MACHINE, "hidden_link")

    def test_takes_all_around_a_hidden_link_for_one_machine(self):
        context = replace(CONTEXT, hidden_link=9)
        near = clicked(301.5, link=1, network=OFFICE)
        same_program = clicked(308, link=2)
        later = clicked(315, link=3)
        hidden = clicked(300, link=9)

        assert actors(hidden, near, same_program, later, context=context) == [
            Actor.MACHINE,
            Actor.MACHINE,
            Actor.MACHINE,
            Actor.HUMAN,
        ]

    def test_takes_an_open_with_a_burst_for_the_same_machine(self):
        burst = [clicked(300 + n * 0.2, link=n) for n in range(4)]

        assert actors(opened(299), *burst)[0] == Actor.MACHINE
        assert actors(opened(299, network=OFFICE), *burst)[0] == Actor.HUMAN
        assert actors(opened(295), *burst)[0] == Actor.HUMAN

    def test_looks_at_others_without_judging_them(self):
        burst = [clicked(300 + n * 0.2, link=n) for n in range(4)]

        verdicts = revise(burst[:1], replace(CONTEXT, others=burst[1:]))

        assert list(verdicts) == [burst[0].id]
        assert verdicts[burst[0].id].actor == Actor.MACHINE

    def test_has_nothing_to_say_of_nothing(self):
        assert revise([], CONTEXT) == {}


HITS = st.lists(
    st.builds(
        Hit,
        id=st.uuids(),
        kind=st.sampled_from(HitKind),
        at=st.integers(-20, 200).map(lambda tenths: DELIVERED_AT + timedelta(seconds=tenths / 10)),
        agent=st.sampled_from([agent_family(agent) for agent in AGENTS]),
        method=st.sampled_from(["GET", "HEAD"]),
        network=st.sampled_from(["", HOME, OFFICE]),
        link_number=st.none() | st.integers(0, 5),
    ),
    max_size=12,
    unique_by=lambda hit: hit.id,
)
CONTEXTS = st.builds(
    Context,
    delivered_at=st.sampled_from([None, DELIVERED_AT]),
    sent_at=st.sampled_from([None, DELIVERED_AT - timedelta(seconds=5)]),
    link_count=st.none() | st.integers(0, 6),
    hidden_link=st.none() | st.integers(0, 5),
)


class TestBoth:
    @given(hits=HITS, context=CONTEXTS, seed=st.integers(0, 99))
    def test_do_not_depend_on_the_order_of_arrival(self, hits, context, seed):
        shuffled = list(hits)
        random.Random(seed).shuffle(shuffled)

        assert revise(hits, context) == revise(shuffled, context)

    @given(hits=HITS, context=CONTEXTS)
    def test_agree_once_everything_is_known(self, hits, context):
        revised = revise(hits, context)

        for hit in hits:
            others = [other for other in hits if other is not hit]
            assert judge(hit, replace(context, others=others)) == revised[hit.id]

    @given(hits=HITS, context=CONTEXTS)
    def test_give_reasons_and_a_share_of_certainty(self, hits, context):
        names = {rule.name for rule in RULES}

        for verdict in revise(hits, context).values():
            assert isinstance(verdict, Verdict)
            assert set(verdict.reasons) <= names
            decided = verdict.actor != Actor.UNKNOWN
            assert (0.5 < verdict.confidence <= 1) if decided else verdict.confidence == 0

    def test_bear_a_flood(self):
        hits = [clicked(300 + n / 1000, link=n % 7) for n in range(1000)]

        assert {verdict.actor for verdict in revise(hits, CONTEXT).values()} == {Actor.MACHINE}
