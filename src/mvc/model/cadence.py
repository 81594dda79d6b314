"""What is meant by a cadence, a length of time or a zone that is written as other tools have it. Nothing where that is not sure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mvc.diagnostics.suggest import nearest
from mvc.model.cron import cron_problem, zone_names

_WORDS: Final = {
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "midnight": "0 0 * * *",
    "nightly": "0 2 * * *",
    "weekly": "0 0 * * 0",
    "monthly": "0 0 1 * *",
    "yearly": "0 0 1 1 *",
    "annually": "0 0 1 1 *",
    "hour": "0 * * * *",
    "day": "0 0 * * *",
    "week": "0 0 * * 0",
    "month": "0 0 1 * *",
    "minute": "* * * * *",
}
_UNITS: Final = {"s": "seconds secs sec s", "m": "minutes minute mins min m", "h": "hours hour hrs hr h", "d": "days day d", "w": "weeks week w"}  # fmt: skip
_UNIT_OF: Final = {word: unit for unit, words in _UNITS.items() for word in words.split()} | {"second": "s"}
_LENGTHS: Final = re.compile(r"(?:\d{1,6}\s*[a-z]+(?:\s+and\s+|[\s,]*))+\Z")
_LENGTH: Final = re.compile(r"(\d{1,6})\s*([a-z]+)")
_CLOCK: Final = re.compile(r"(?:daily |every day |at )*(\d{1,2}):(\d{2})(?::00)?\Z")
_STEPPED: Final = re.compile(r"(\d{1,2})/(\d{1,2})\Z")
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST: Final = (59, 23, 31, 12, 6)


def duration_meant(text: str) -> str:
    """`15 minutes` as `15m`; empty where no length of time is surely meant."""
    lowered = text.strip().lower().removeprefix("every ").strip()
    iso = re.fullmatch(r"p(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?", lowered)
    if iso and any(iso.groups()):
        return "".join(f"{number}{unit}" for number, unit in zip(iso.groups(), "dhms", strict=True) if number)
    if not _LENGTHS.match(lowered):
        return ""
    parts = _LENGTH.findall(lowered)
    if any(unit not in _UNIT_OF for _, unit in parts):
        return ""
    return "".join(f"{number}{_UNIT_OF[unit]}" for number, unit in parts)


def cadence_mend(line: str) -> str:
    """A help line for what is no cron line: the line, or the promise, that is meant."""
    if meant := next((made for made in _lines(line.strip().lower()) if made and not cron_problem(made)), ""):
        return f'write every: "{meant}"'
    length = duration_meant(line)
    if not length:
        return 'write e.g. every: "0 2 * * *" for each day at two; within: 15m for rows that are never older'
    also = _stepped(length)
    return f"write within: {length} for rows that are never older" + (f'; or every: "{also}"' if also else "")


def zone_mend(name: str) -> str:
    """A help line for what is no time zone: the one that is meant, or nothing."""
    names = zone_names()
    wanted = name.strip().replace(" ", "_").lower()
    exact = [zone for zone in names if zone.lower() == wanted or zone.lower().endswith(f"/{wanted}")]
    offset = re.fullmatch(r"(?:utc|gmt)?\s*([+-])0?(\d{1,2})(?::?00)?", wanted)
    fixed = f"Etc/GMT{'-' if offset[1] == '+' else '+'}{offset[2]}" if offset else ""
    meant = fixed if fixed in names else min(exact, key=len) if exact else nearest(name, names)
    return f"write {meant}" if meant else ""


def _lines(line: str) -> Iterator[str]:
    yield _WORDS.get(line.lstrip("@").removeprefix("every ").strip(), "")
    if clock := _CLOCK.match(line):
        yield f"{int(clock[2])} {int(clock[1])} * * *"
    fields = [_field(field, number) for number, field in enumerate(line.replace("?", "*").split())]
    if len(fields) == 5:
        yield " ".join(_stepped_range(field, most) for field, most in zip(fields, _MOST, strict=True))
    elif len(fields) == 6 and fields[0].isdigit():
        yield " ".join(fields[1:])  # seconds come first elsewhere
    elif len(fields) == 6:
        yield " ".join(fields[:5])


def _field(field: str, number: int) -> str:
    for day in _DAYS:
        field = field.replace(day, day[:3]).replace(f"{day[:4]}s", day[:3])
    return "0" if number == 1 and field == "24" else field


def _stepped_range(field: str, most: int) -> str:
    found = _STEPPED.match(field)
    if found:
        return f"*/{found[2]}" if found[1] == "0" else f"{found[1]}-{most}/{found[2]}"
    return field


def _stepped(length: str) -> str:
    """The cron line of a length that an hour or a day is a multiple of."""
    found = re.fullmatch(r"(\d+)([mhd])", length)
    if found is None:
        return ""
    count, unit = int(found[1]), found[2]
    if unit == "m" and 0 < count < 60 and 60 % count == 0:
        return f"*/{count} * * * *" if count > 1 else "* * * * *"
    if unit == "h" and 0 < count < 24 and 24 % count == 0:
        return f"0 */{count} * * *" if count > 1 else "0 * * * *"
    return "0 2 * * *" if (unit, count) in (("d", 1), ("h", 24)) else ""
