"""The child processes of the bench: `python -m bench.child WHAT ...`, with Django's settings set.

What is measured says READY, waits for a line and prints its figures (bench/measure.py); the rest
prints its result as its last line.
"""

from __future__ import annotations

import importlib
import json
import sys

import django

from bench.measure import be_a_child


def main() -> None:
    """Do what the command line names."""
    what, *given = sys.argv[1:]
    django.setup()
    if what.startswith("post-office-"):
        _post_office(what.removeprefix("post-office-"), given)
    elif what == "events":
        way, events, batch = given
        module = importlib.import_module("bench.stream")
        stream = module.stream(way, events=int(events), batch=int(batch))
        be_a_child(stream.record, check=stream.check)
    elif what.startswith("world-"):
        _world(what.removeprefix("world-"), int(given[0]))
    elif what.startswith("hits-"):
        _hits(what.removeprefix("hits-"), given)
    elif what == "warmup-worker":
        importlib.import_module("bench.warmup_world").work()
    else:
        _campaign(what, given)


def _campaign(what: str, given: list[str]) -> None:
    campaign = importlib.import_module("bench.campaign")
    if what == "prepare":
        messages, port, *kinds = given
        print(json.dumps(campaign.prepare(int(messages), port=int(port), kinds=kinds)))
    elif what == "send":
        be_a_child(lambda: campaign.send(int(given[0])))
    elif what == "size":
        (campaign_id,) = campaign.prepare(int(given[0]), port=int(given[1]), kinds=["plain"])
        print(campaign.mean_size(campaign_id))
    elif what == "check":
        for campaign_id in map(int, given):
            campaign.check(campaign_id)


def _post_office(what: str, given: list[str]) -> None:
    post_office = importlib.import_module("bench.post_office")
    if what == "queue":
        post_office.queue(int(given[0]), size=int(given[1]))
    elif what == "send":
        be_a_child(lambda: post_office.send(int(given[0])), check=post_office.check)


def _world(what: str, number: int) -> None:
    if what == "build":
        world = importlib.import_module("bench.world")
        world.build(number, now=world.now())
        print(json.dumps(world.sizes()))
    elif what == "ask":
        print(json.dumps(importlib.import_module("bench.questions").ask_all(number)))


def _hits(what: str, given: list[str]) -> None:
    hits = importlib.import_module("bench.hits")
    if what == "prepare":
        print(json.dumps(hits.prepare(int(given[0]))))
    elif what == "record":
        print(json.dumps(hits.keep_recording()))
    elif what == "recorded":
        print(json.dumps(hits.recorded()))


if __name__ == "__main__":
    main()
