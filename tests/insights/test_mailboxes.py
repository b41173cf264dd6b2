"""Who filters the mail of a domain, by rules; the table that comes with the product."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.mailboxes import Rule, RuleBook, RuleKind, Verdict

SEEDED = importlib.import_module("insights.migrations.0005_provider_rules")
BOOK = RuleBook(Rule(RuleKind(kind), pattern, **said) for kind, pattern, said in SEEDED._rules())


def servers(*patterns):
    """Return a book of rules for mail servers, each naming its pattern as provider."""
    return RuleBook(Rule(RuleKind.MX, pattern, provider=pattern) for pattern in patterns)


class TestTheTable:
    @pytest.mark.parametrize(
        ("hosts", "provider", "gateway"),
        [
            (["aspmx.l.google.com", "alt1.aspmx.l.google.com"], "google_workspace", ""),
            (["smtp.google.com"], "google_workspace", ""),
            (["aspmx2.googlemail.com"], "google_workspace", ""),
            (["company-com.mail.protection.outlook.com"], "microsoft365", ""),
            (["company-com.a-v1.mx.microsoft"], "microsoft365", ""),
            (["hotmail-com.olc.protection.outlook.com"], "outlook", ""),
            (["mta5.am0.yahoodns.net"], "yahoo", ""),
            (["mx1.mail.yahoo.co.jp"], "yahoo_japan", ""),
            (["mx01.mail.icloud.com"], "apple", ""),
            (["mx00.emig.gmx.net"], "gmx", ""),
            (["mx1.comcast.net"], "comcast", ""),
            (["mx0a-00000001.pphosted.com"], "other", "proofpoint"),
            (["mx1-us1.ppe-hosted.com"], "other", "proofpoint_essentials"),
            (["eu-smtp-inbound-1.mimecast.com"], "other", "mimecast"),
            (["d1.a.ess.barracudanetworks.com"], "other", "barracuda"),
            (["mx1.hc1-1.iphmx.com"], "other", "cisco"),
            (["cluster1.eu.messagelabs.com"], "other", "symantec"),
            (["mx.company.example"], "other", ""),
            ([], "other", ""),
        ],
    )
    def test_knows_mail_servers(self, hosts, provider, gateway):
        verdict = BOOK.by_servers(hosts)

        assert (verdict.provider, verdict.gateway) == (provider, gateway)

    @pytest.mark.parametrize(
        ("domain", "provider"),
        [
            ("gmail.com", "gmail"),
            ("googlemail.com", "gmail"),
            ("hotmail.com", "outlook"),
            ("yahoo.co.jp", "yahoo_japan"),
            ("me.com", "apple"),
        ],
    )
    def test_knows_domains_that_need_no_dns(self, domain, provider):
        assert BOOK.by_name(domain).provider == provider

    @pytest.mark.parametrize(
        "domain", ["acme.com", "notgmail.com", "news.gmail.com", "gmail.com.example"]
    )
    def test_takes_no_domain_for_one_that_it_contains(self, domain):
        assert BOOK.by_name(domain) is None

    def test_names_each_pattern_once(self):
        rules = [(kind, pattern) for kind, pattern, _ in SEEDED._rules()]

        assert len(set(rules)) == len(rules)


class TestByServers:
    def test_fits_at_the_borders_of_labels_only(self):
        book = servers("me.com")

        assert book.by_servers(["me.com"]).provider == "me.com"
        assert book.by_servers(["mx.me.com"]).provider == "me.com"
        assert book.by_servers(["acme.com"]).provider == "other"

    def test_prefers_the_longest_pattern(self):
        book = servers("outlook.com", "olc.protection.outlook.com", "protection.outlook.com")

        verdict = book.by_servers(["a.olc.protection.outlook.com"])

        assert verdict.provider == "olc.protection.outlook.com"

    def test_puts_the_order_before_the_length(self):
        book = RuleBook(
            [
                Rule(RuleKind.MX, "mx.company.example", provider="long"),
                Rule(RuleKind.MX, "example", provider="first", order=1),
            ]
        )

        assert book.by_servers(["mx.company.example"]).provider == "first"

    def test_lets_the_first_server_decide(self):
        verdict = BOOK.by_servers(["mx.company.example", "aspmx.l.google.com"])

        assert verdict == Verdict("other")

    def test_looks_behind_a_gateway_through_a_later_server(self):
        verdict = BOOK.by_servers(
            ["mx0a-1.pphosted.com", "mx0b-1.pphosted.com", "c.mail.protection.outlook.com"]
        )

        assert (verdict.provider, verdict.gateway) == ("microsoft365", "proofpoint")
        assert [rule.pattern for rule in verdict.rules] == [
            "pphosted.com",
            "mail.protection.outlook.com",
        ]

    def test_passes_over_records_that_only_prove_ownership(self):
        verdict = BOOK.by_servers(["ms1234.msv1.invalid", "c.mail.protection.outlook.com"])

        assert verdict.provider == "microsoft365"

    def test_takes_both_from_a_rule_that_names_both(self):
        rule = Rule(RuleKind.MX, "mx.example", provider="gmail", gateway="mimecast")

        verdict = RuleBook([rule]).by_servers(["a.mx.example", "aspmx.l.google.com"])

        assert verdict == Verdict("gmail", "mimecast", (rule,))

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["a.b.c", "b.c", "c", "x.b.c", "d"]),
                st.sampled_from(["p", "q"]),
                st.integers(1, 3),
            ),
            unique_by=lambda line: line[0],
        ),
        st.lists(st.sampled_from(["a.b.c", "z.a.b.c", "ab.c", "d", "e", "x.b.c"]), max_size=3),
        st.randoms(),
    )
    def test_does_not_depend_on_how_the_table_is_sorted(self, lines, hosts, rng):
        rules = [Rule(RuleKind.MX, pattern, provider=key, order=n) for pattern, key, n in lines]
        shuffled = rng.sample(rules, len(rules))

        assert RuleBook(rules).by_servers(hosts) == RuleBook(shuffled).by_servers(hosts)


class TestByName:
    def test_gives_what_a_rule_says_of_gateway_and_provider(self):
        rule = Rule(RuleKind.DOMAIN, "company.example", "microsoft365", "proofpoint")

        verdict = RuleBook([rule]).by_name("company.example")

        assert verdict == Verdict("microsoft365", "proofpoint", (rule,))

    def test_does_not_know_who_is_behind_a_gateway(self):
        rule = Rule(RuleKind.DOMAIN, "company.example", gateway="proofpoint")

        verdict = RuleBook([rule]).by_name("company.example")

        assert verdict == Verdict("other", "proofpoint", (rule,))
