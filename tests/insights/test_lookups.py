"""Lookups against a real nameserver on loopback."""

import time

import pytest

from insights.lookups import Answer, Finding, look_up, parse_nameserver
from tests.insights.nameserver import TTL_SECONDS, Zone, serving

MANY = 60  # mail servers: too many for a packet of UDP


def looked_up(zone, *domains, seconds=5.0):
    with serving(zone) as nameserver:
        return look_up(domains, nameservers=[nameserver], seconds=seconds)


class TestLookUp:
    def test_returns_mail_servers_by_preference(self):
        zone = Zone(servers={"company.example": [(20, "Backup.example"), (10, "mx.example")]})

        answers = looked_up(zone, "company.example")

        assert answers == {
            "company.example": Answer(
                Finding.SERVERS, ("mx.example", "backup.example"), TTL_SECONDS
            )
        }

    def test_follows_the_address_of_a_domain_without_mail_servers(self):
        zone = Zone(addresses={"company.example": "192.0.2.1"})

        answer = looked_up(zone, "company.example")["company.example"]

        assert (answer.finding, answer.hosts) == (Finding.ADDRESS, ())

    @pytest.mark.parametrize(
        ("zone", "finding"),
        [
            (Zone(servers={"company.example": [(0, ".")]}), Finding.NULL_MX),
            (Zone(empty={"company.example"}), Finding.NO_ADDRESS),
            (Zone(), Finding.MISSING),
        ],
    )
    def test_tells_why_a_domain_takes_no_mail(self, zone, finding):
        answer = looked_up(zone, "company.example")["company.example"]

        assert answer == Answer(finding, ttl_seconds=answer.ttl_seconds)

    def test_leaves_a_null_beside_real_servers_out(self):
        zone = Zone(servers={"company.example": [(0, "."), (10, "mx.example")]})

        answer = looked_up(zone, "company.example")["company.example"]

        assert (answer.finding, answer.hosts) == (Finding.SERVERS, ("mx.example",))

    def test_reads_big_answers_by_tcp(self):
        hosts = [(n, f"mx{n}.a-long-name-of-a-mail-server.example") for n in range(MANY)]
        zone = Zone(servers={"company.example": hosts})

        answer = looked_up(zone, "company.example")["company.example"]

        assert zone.by_tcp == 1
        assert answer.hosts[0] == "mx0.a-long-name-of-a-mail-server.example"
        assert len(answer.hosts) == 30

    def test_knows_nothing_of_a_domain_whose_nameservers_fail(self):
        answer = looked_up(Zone(failing={"company.example"}), "company.example")["company.example"]

        assert answer.finding is Finding.NO_ANSWER
        assert "SERVFAIL" in answer.problem

    def test_waits_for_a_silent_nameserver_no_longer_than_it_may(self):
        zone = Zone(silent={"silent.example"}, servers={"company.example": [(1, "mx.example")]})
        begun = time.monotonic()

        answers = looked_up(zone, "silent.example", "company.example", seconds=0.5)

        assert time.monotonic() - begun < 3
        assert answers["silent.example"].finding is Finding.NO_ANSWER
        assert answers["silent.example"].problem == "There was no answer within 0.5 seconds."
        assert answers["company.example"].finding is Finding.SERVERS

    def test_asks_the_next_nameserver_when_one_is_not_there(self, monkeypatch):
        monkeypatch.setattr("insights.lookups.TRY_SECONDS", 0.2)
        zone = Zone(servers={"company.example": [(1, "mx.example")]})
        with serving(Zone()) as closed:
            pass

        with serving(zone) as nameserver:
            answers = look_up(["company.example"], nameservers=[closed, nameserver], seconds=5.0)

        assert answers["company.example"].finding is Finding.SERVERS

    def test_leaves_out_those_whose_turn_did_not_come(self, monkeypatch):
        monkeypatch.setattr("insights.lookups.AT_ONCE", 2)
        domains = [f"silent{n}.example" for n in range(10)]

        answers = looked_up(Zone(silent=set(domains)), *domains, seconds=0.2)

        assert list(answers) == domains[:2]

    def test_asks_about_many_at_the_same_time(self):
        domains = [f"company{n}.example" for n in range(50)]
        servers = {domain: [(1, "mx.example")] for domain in domains}

        answers = looked_up(Zone(servers=servers), *domains)

        assert {answer.finding for answer in answers.values()} == {Finding.SERVERS}
        assert len(answers) == 50

    def test_takes_a_name_that_cannot_be_one_for_missing(self):
        answer = looked_up(Zone(), f"{'a' * 64}.example")[f"{'a' * 64}.example"]

        assert answer.finding is Finding.MISSING

    def test_does_nothing_without_domains(self):
        assert look_up([], nameservers=["127.0.0.1:9"], seconds=5.0) == {}


class TestParseNameserver:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("192.0.2.1", ("192.0.2.1", 53)),
            (" 192.0.2.1:5353", ("192.0.2.1", 5353)),
            ("2001:db8::1", ("2001:db8::1", 53)),
            ("[2001:db8::1]", ("2001:db8::1", 53)),
            ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
        ],
    )
    def test_reads_address_and_port(self, written, meant):
        assert parse_nameserver(written) == meant

    @pytest.mark.parametrize(
        "written", ["", "dns.example", "192.0.2.1:0x", "192.0.2.1:70000", "192.0.2", "[192.0.2.1"]
    )
    def test_refuses_anything_else(self, written):
        with pytest.raises(ValueError, match=r"."):
            parse_nameserver(written)
