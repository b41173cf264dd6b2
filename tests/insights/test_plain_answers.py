import pytest

from insights.actors.confidence import confidence
from insights.classification.plain import _BY_WORDING, answer_in_words
from insights.classification.wordings import WORDINGS
from insights.events import BounceClass


class TestAnswerInWords:
    @pytest.mark.parametrize(
        ("code", "enhanced", "response", "bounce_class", "title"),
        [
            (250, "2.0.0", "2.0.0 Ok", "", "Accepted"),
            (None, "", "", "", ""),
            (550, "5.1.1", "5.1.1 User unknown", "hard", "No such mailbox"),
            (552, "5.2.2", "5.2.2 Mailbox full", "soft", "Mailbox full"),
            (452, "4.2.2", "4.2.2 Over quota", "", "Mailbox full"),
            (421, "4.7.28", "4.7.28 unusual rate of unsolicited mail", "", "Held back by policy"),
            (421, "", "too many connections", "", "Held back by policy"),
            (451, "4.3.0", "4.3.0 Hm", "", "Asked to try later"),
            (554, "5.7.1", "5.7.1 blocked using spamhaus", "block", "Blocked for its reputation"),
            (550, "5.7.26", "5.7.26 SPF did not pass", "block", "SPF, DKIM or DMARC did not pass"),
            (550, "", "I do not like you", "block", "Refused by policy"),
            (554, "", "Nothing that is known", "", "Refused by policy"),
            (None, "", "given up after 5 days", "expired", "Tried until time ran out"),
            # The class was decided by more than words, so words that say otherwise do not count.
            (550, "5.7.1", "user unknown", "block", "Refused by policy"),
        ],
    )
    def test_says_what_it_means(self, code, enhanced, response, bounce_class, title):
        said = answer_in_words(code, enhanced, response, bounce_class=bounce_class)

        assert said.title == title

    def test_has_words_for_every_wording_and_class(self):
        assert {wording.name for wording in WORDINGS} == set(_BY_WORDING)
        for bounce_class in BounceClass:
            assert answer_in_words(None, "", "", bounce_class=bounce_class).advice


class TestConfidence:
    @pytest.mark.parametrize(
        ("reasons", "sure"),
        [((), 0.0), (("browser", "later"), 0.924), (("browser", "soon"), 0.0), (("gone",), 0.0)],
    )
    def test_follows_from_the_reasons(self, reasons, sure):
        assert confidence(reasons) == sure
