"""Changes right projects at random and asks a server whether it judges them as `mvc check` does.

PYTHONPATH=tests python -m mutation --seed 1 --count 20000
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from mvc.engines.postgres.server.connection import connect
from mvc.engines.postgres.server.embedded import EmbeddedServer
from mvc.engines.postgres.server.installations import find_installations

from .changes import changed, other_type
from .judge import Judged, Verdict, accepted_on_server, judge, refused_on_server
from .specs import places


def sample(seed: int, count: int) -> list[Judged]:
    """`count` changed texts, judged offline; one in twelve is the type of a column."""
    chance = random.Random(seed)
    types, texts = ([place for place in places() if bool(place.keys) is of] for of in (False, True))
    found = []
    while len(found) < count:
        place = chance.choice(types if chance.random() < 1 / 12 else texts)
        text = changed(place.text, chance, place.spec.columns) if place.keys else other_type(chance)
        if text != place.text:
            found.append(judge(place, text))
    return found


@contextmanager
def _server(url: str | None) -> Iterator[psycopg.Connection]:
    if url:
        with connect(url) as connection:
            yield connection
        return
    newest = max(find_installations(), key=lambda item: item.major)
    with EmbeddedServer(newest) as server, connect(server.url()) as connection:
        yield connection


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--url", help="a server to ask (default: one of our own, PostgreSQL 18)")
    arguments = parser.parse_args()
    found = sample(arguments.seed, arguments.count)
    accepted = [item for item in found if item.compiled]
    refused = [item for item in found if item.refusals]
    with _server(arguments.url) as connection:
        wrong = [verdict for verdict in _told(accepted_on_server(connection, accepted), len(accepted)) if verdict.said]
        alarms = list(_told(refused_on_server(connection, refused), len(refused)))
    sys.stdout.writelines(f"{line}\n" for line in _report(found, wrong, alarms))


def _told(verdicts: Iterable[Verdict], count: int) -> Iterator[Verdict]:
    """The verdicts, with a line on stderr now and then: a server that stalls is seen at the text that makes it."""
    for number, verdict in enumerate(verdicts, 1):
        if number % 100 == 0:
            sys.stderr.write(f"{number} of {count} asked: {verdict.judged.text[:60]!r}\n")
        yield verdict


def _report(found: list[Judged], wrong: list[Verdict], alarms: list[Verdict]) -> Iterator[str]:
    """Each disagreement, each crash, and how many there are."""
    for title, verdicts in (
        ("accepted, and refused by the server", wrong),
        ("refused, and planned by the server", alarms),
    ):
        yield f"\n== {title}"
        for verdict in verdicts:
            if not verdict.reason:
                yield from verdict.lines()
    crashed = [item for item in found if item.crash]
    for item in crashed:
        yield f"\n== crash\n{item.place.path} {item.text!r}\n{item.crash}"
    accepted = sum(item.compiled is not None for item in found)
    yield f"\n{len(found)} changed: {len(crashed)} crashes, {len(found) - accepted - len(crashed)} refused, {accepted} accepted"
    named = Counter(verdict.reason for verdict in wrong if verdict.reason)
    yield from (f"{count} accepted and refused by the server: {reason}" for reason, count in named.most_common())
    yield f"{len(wrong) - named.total()} others accepted and refused by the server; {len(alarms)} refused and planned by the server, by what was said:"
    for code, count in Counter(verdict.said[0].split()[0] for verdict in alarms).most_common():
        yield f"  {code} {count}"


if __name__ == "__main__":
    main()
