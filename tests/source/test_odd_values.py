"""Values that YAML can write and nothing behind it can hold: a finding each, never an exception."""

from __future__ import annotations

from functools import cache, reduce
from operator import getitem
from typing import Any

import pytest
import yaml

from mvc.diagnostics import ProjectError
from mvc.diagnostics.rules import completed
from mvc.pipeline.compile import compile_files
from mvc.source import read

pytestmark = pytest.mark.slow

FILES = {
    "mvc.yml": "project: p\nversion: 15\ncatalog: schema.sql\ntimezone: UTC\nsearch_path: [public]\nlog: {keep: 90d}\nnotify: c\n",
    "views/v.yml": """\
view: v
description: d
tags: [t]
sources: {o: {table: orders, where: o.amount > 1}}
where: o.amount > 0
dimensions: {id: o.id}
aggregates: {a: {sum: o.amount, default: "0"}}
indexes: [{columns: [a desc], name: i}]
with: {fillfactor: 90}
""",
    "policies/p.yml": 'policies: [{policy: p, view: v, to: [r], using: "id > 1"}]\npredicates: {q: id > 2}\n',
    "schedules/s.yml": 'schedules: [{schedule: s, refresh: [v], every: "0 1 * * *", timezone: UTC, description: d}, {schedule: t, refresh: [v], within: 1h}]\n',
}
ODD = (
    *(
        '"\\0"',
        '"a\\0b"',
        '"\\ud800"',
        "9" * 5_000,
        "-" + "9" * 5_000,
        "0x" + "f" * 5_000,
        "1e999999",
        "-.inf",
        ".nan",
        ".inf",
    ),
    *(
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "!!binary aGk=",
        "!!python/object:os.system x",
        "!!int x",
        "!!timestamp x",
        "!x y",
    ),
    *(
        "~",
        "[]",
        "{}",
        "[[]]",
        "{a: {b: c}}",
        "true",
        "1_000",
        "0b1",
        "1:30",
        "=",
        "<<",
        '""',
        '" "',
        '"\\n"',
        '"\\r"',
        '"\\e[31m"',
    ),
    *(
        f"{'n' * 64}",
        f"{'ü' * 40}",
        '"\\u202e"',
        '"\\u2028"',
        '"\\x85"',
        '"\\xa0"',
        '"\\ufeff"',
        '"\\uffff"',
        '"٣"',
        '"²h"',
        '"${x}"',
        '"%s"',
    ),
    *(
        "'{{ x }}'",
        "'`id`'",
        "'$(id)'",
        "'''; DROP TABLE x; --'",
        "'\"; x'",
        "'*/ x /*'",
        "'$$'",
        "'-- x'",
        "'\\'",
        "9" * 400 + "h",
        "99999999h",
    ),
)


def places() -> list[tuple[str, tuple[str | int, ...]]]:
    found = []
    for path, text in FILES.items():
        document, _ = read(path, text)
        assert document is not None
        found += [(path, keys) for keys in document.nodes if keys]
    return found


def with_value(path: str, keys: tuple[str | int, ...], raw: str) -> dict[str, str]:
    return {**FILES, path: around_value(path, keys).replace("THE_VALUE", raw)}


def with_key(path: str, keys: tuple[str | int, ...], raw: str) -> dict[str, str]:
    return {**FILES, path: around_key(path, keys).replace("THE_KEY", raw)}


@cache
def around_value(path: str, keys: tuple[str | int, ...]) -> str:
    data, holder = holder_of(path, keys)
    holder[keys[-1]] = "THE_VALUE"
    return yaml.safe_dump(data, width=1_000)


@cache
def around_key(path: str, keys: tuple[str | int, ...]) -> str:
    data, holder = holder_of(path, keys)
    if isinstance(holder, dict):
        holder["THE_KEY"] = holder.pop(keys[-1])
    return yaml.safe_dump(data, width=1_000)


def holder_of(path: str, keys: tuple[str | int, ...]) -> tuple[Any, Any]:
    data = yaml.safe_load(FILES[path])
    return data, reduce(getitem, keys[:-1], data)


def outcome(files: dict[str, str]) -> bool:
    """Whether it compiles, or says why not."""
    try:
        compile_files(completed(files))
    except ProjectError as refused:
        return bool(refused.diagnostics)
    return True


@pytest.mark.parametrize("place", places(), ids=lambda place: f"{place[0]}-{'.'.join(map(str, place[1]))}")
def test_an_odd_value_is_a_finding_or_a_value(place: tuple[str, tuple[str | int, ...]]) -> None:
    for raw in ODD:
        for files in (with_value(*place, raw), with_key(*place, raw)):
            assert outcome(files), (place, raw)


@pytest.mark.parametrize("raw", ['"\\0"', '"\\ud800"'])
def test_what_no_text_can_hold_is_refused_at_its_place(raw: str) -> None:
    with pytest.raises(ProjectError) as refused:
        compile_files(completed(with_value("views/v.yml", ("aggregates", "a", "default"), raw)))
    found = refused.value.diagnostics[0]
    assert (found.code, found.span.path, found.span.line) == ("MV001", "views/v.yml", 3)


@pytest.mark.parametrize("text", ["view: v\0", "view: \ud800", "a: [\x01]", "\ufeffview: v", "view: \x85"])
def test_a_file_of_any_characters_is_read_or_refused(text: str) -> None:
    document, found = read("views/v.yml", text)
    assert document is not None or found
