"""PartitionFile → partitionings: tables, lengths of time, cron lines and zones read."""

from __future__ import annotations

import re
from typing import Final

from mvc.diagnostics import error
from mvc.model.build_schedule import check_cron, check_zone
from mvc.model.length import UNITS, Length
from mvc.model.origin import Origin
from mvc.model.partitions import Partitioning
from mvc.model.reading import SpecReader
from mvc.model.table_name import table_ref
from mvc.source import Document
from mvc.spec import PartitionFile, PartitionSpec

_LENGTH: Final = re.compile(rf"([0-9]{{1,4}}) ({'|'.join(UNITS)})s?\Z")


def build_partitions(
    spec: PartitionFile, document: Document, timezone: str, findings: SpecReader
) -> list[Partitioning]:
    """The partitionings of one file."""
    origin = Origin(document, ("partitions",))
    return [_partitioning(item, origin.at(number), timezone, findings) for number, item in enumerate(spec.partitions)]


def _partitioning(spec: PartitionSpec, origin: Origin, timezone: str, findings: SpecReader) -> Partitioning:
    check_cron(spec.every, origin.at("every"), findings)
    check_zone(spec.timezone, origin.at("timezone"), findings)
    return Partitioning(
        table=table_ref(spec.table),
        by=spec.by,
        ahead=spec.ahead,
        keep=_length(spec.keep, origin.at("keep"), findings),
        retire=spec.retire,
        timezone=spec.timezone or timezone,
        cron=spec.every,
        origin=origin,
    )


def _length(text: str | None, origin: Origin, findings: SpecReader) -> Length | None:
    """`24 months`, `90 days`, `2 years`; None with a finding for what is no such length."""
    if text is None:
        return None
    found = _LENGTH.match(text)
    count = int(found.group(1)) if found else 0
    if not found or not count:
        help_line = "write a number and a unit, e.g. 90 days, 8 weeks, 24 months, 2 years"
        findings.add(error("MV612", origin.span, f"`{text}` is not a length of time to keep", help=help_line))
        return None
    return UNITS[found.group(2)] * count
