"""What is wrong with a campaign is said before it goes out."""

from __future__ import annotations

import dataclasses

import pytest

from campaigns.rendering import Content, Part, ProblemCode, problems
from tests.campaigns.rendering.samples import SENDER

LEAVE = '<a href="{{ unsubscribe_url }}">Leave</a>'


def found(html: str = "", **changes: str) -> list[tuple[ProblemCode, Part, int | None]]:
    content = dataclasses.replace(Content("Hello", html + LEAVE), **changes)
    return [(problem.code, problem.part, problem.line) for problem in problems(content, SENDER)]


class TestProblems:
    def test_finds_none_where_there_are_none(self):
        html = (
            "{% for item in contact.items %}{% assign x = item %}{{ x }}{% endfor %}"
            '<a href="https://a.example/{{ contact.id }}">{{ campaign.name }}</a>'
            '<a href="mailto:a@b.example">m</a><a href="#top">t</a><img alt="">'
        )

        assert found(html, subject="{{ organization.name }}", text="{{ now }}") == []

    @pytest.mark.parametrize(
        ("html", "problem"),
        [
            ("\n{{ x", (ProblemCode.TEMPLATE, Part.HTML, 2)),
            ("a\n{{ first_name }}", (ProblemCode.UNKNOWN_VARIABLE, Part.HTML, 2)),
            ("<a href='www.a.example'>", (ProblemCode.BAD_LINK, Part.HTML, 1)),
            ("<a href='https://'>", (ProblemCode.BAD_LINK, Part.HTML, 1)),
            ("<a href='https://a b'>", (ProblemCode.BAD_LINK, Part.HTML, 1)),
            ("\n<a href=''>", (ProblemCode.BAD_LINK, Part.HTML, 2)),
            (
                "<a href='https://a/{% if contact.a %}b'>x</a>{% endif %}",
                (ProblemCode.UNTRACKED_LINK, Part.HTML, 1),
            ),
            ("<img src=x><img>", (ProblemCode.MISSING_ALT, Part.HTML, None)),
        ],
    )
    def test_finds_what_is_wrong_in_the_html(self, html, problem):
        assert problem in found(html)

    @pytest.mark.parametrize("part", [Part.SUBJECT, Part.TEXT, Part.PREHEADER])
    def test_reads_every_part(self, part):
        assert found(**{part.value: "{{ x | nope }}"}) == [(ProblemCode.TEMPLATE, part, 1)]

    def test_misses_a_subject(self):
        assert found(subject="  ") == [(ProblemCode.EMPTY_SUBJECT, Part.SUBJECT, None)]

    @pytest.mark.parametrize(("one_click", "codes"), [(True, 1), (False, 0)])
    def test_misses_a_way_out_of_marketing_mail(self, one_click, codes):
        sender = dataclasses.replace(SENDER, one_click=one_click)

        result = [problem.code for problem in problems(Content("s", "<p>x</p>"), sender)]

        assert result == [ProblemCode.NO_UNSUBSCRIBE] * codes

    def test_says_which_problems_stop_a_campaign(self):
        (unknown, broken) = problems(Content("{{ x }}", "{{ y" + LEAVE), SENDER)

        assert (unknown.blocking, broken.blocking) == (False, True)
        assert unknown.message == "“x” is not known and will stay empty. Is “contact.x” meant?"
