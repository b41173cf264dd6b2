"""What is asked of the web server."""

from __future__ import annotations

import ipaddress

import pytest

from insights.actors import truncated
from sandbox.audience.deeds import Action, Deed, Who
from sandbox.audience.letters import read_letter
from sandbox.audience.visits import requests, source_address
from tests.sandbox.audience.written import UNSUBSCRIBE_TOKEN, WEB, link, pixel, raw_letter


def asked(deed, *, raw=None, **fields):
    action = Action(0.0, deed, fields.pop("who", Who.PERSON), "A browser", **fields)
    return list(requests(action, read_letter(raw or raw_letter())))


class TestRequests:
    def test_load_the_pixel(self):
        (request,) = asked(Deed.OPEN)

        assert (request.method, request.url, request.noted) == ("GET", pixel(), "open")

    @pytest.mark.parametrize(("place", "number"), [(0.0, 0), (0.34, 1), (0.999, 2)])
    def test_follow_the_link_at_that_place(self, place, number):
        (request,) = asked(Deed.CLICK, link=place)

        assert (request.url, request.link) == (link(number), number)

    def test_of_a_scan_follow_every_link_in_order_and_look_at_every_page(self):
        found = asked(Deed.SCAN, who=Who.MACHINE, network="gateway")

        assert [request.url for request in found] == [
            link(0), link(1), link(2), f"{WEB}/u/{UNSUBSCRIBE_TOKEN}",
        ]  # fmt: skip
        assert [request.noted for request in found] == ["click", "click", "click", ""]
        assert {request.method for request in found} == {"GET"}

    def test_of_a_careful_scan_ask_with_head_first(self):
        found = asked(Deed.SCAN, who=Who.MACHINE, asks_first=True)

        assert [request.method for request in found] == ["HEAD", "GET"] * 3 + ["GET"]
        assert [r.noted for r in found if r.method == "HEAD"] == [""] * 3

    def test_unsubscribe_by_one_click(self):
        (request,) = asked(Deed.UNSUBSCRIBE)

        assert (request.method, request.url) == ("POST", f"{WEB}/u/{UNSUBSCRIBE_TOKEN}")
        assert request.body == b"List-Unsubscribe=One-Click"

    @pytest.mark.parametrize("deed", [Deed.OPEN, Deed.CLICK, Deed.SCAN, Deed.UNSUBSCRIBE])
    def test_are_none_where_the_message_has_no_address(self, deed):
        assert asked(deed, raw=b"Delivered-To: a@b.example\r\n\r\nHello") == []


class TestSourceAddress:
    def test_is_on_loopback_and_apart_from_the_sending_ips(self):
        for number in range(500):
            action = Action(0.0, Deed.OPEN, Who.PERSON)
            address = ipaddress.ip_address(source_address(action, f"person{number}@a.example"))
            assert address in ipaddress.ip_network("127.64.0.0/10")

    def test_of_a_machine_is_another_network_than_that_of_the_person(self):
        person = Action(0.0, Deed.CLICK, Who.PERSON, network="home")
        machine = Action(0.0, Deed.SCAN, Who.MACHINE, network="gateway 1")

        networks = {
            truncated(source_address(action, address))
            for action in (person, machine)
            for address in ("anna@a.example", "ben@a.example")
        }

        assert len(networks) == 3
