"""What `mvc diff --database` says besides the difference itself: where the database is not as the catalog says, drift, and what reads the views
from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from mvc.engines.postgres.plan.catalog_findings import CatalogFinding
from mvc.engines.postgres.plan.drift_kinds import Drift
from mvc.engines.postgres.plan.outside import OutsideReader
from mvc.engines.postgres.plan.rebuilds import Rebuild
from mvc.engines.postgres.plan.takeover_words import Takeover
from mvc.report.deploy.catalog import catalog_json, catalog_text
from mvc.report.status.drift import drift_json, drift_text
from mvc.report.text.sanitize import visible
from mvc.report.text.sizes import size_text
from mvc.report.text.style import PLAIN, Style


@dataclass(frozen=True, slots=True)
class Against:
    """What a database adds to a comparison."""

    drift: tuple[Drift, ...] = ()
    outside: tuple[OutsideReader, ...] = ()
    rebuilds: tuple[Rebuild, ...] = ()
    catalog: tuple[CatalogFinding, ...] = ()
    taken_over: tuple[Takeover, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether something is not as it was left and would be mended, or is not as the project believes it to be."""
        return any(not item.kept for item in self.drift) or any(item.refuses for item in self.catalog)


def against_text(against: Against, style: Style = PLAIN) -> str:
    """All of it as text; empty where there is nothing to say."""
    parts: list[str] = []
    if against.catalog:
        parts.append(
            f"not as the project's catalog says (mvc apply refuses errors):\n{catalog_text(against.catalog, style)}"
        )
    if against.drift:
        parts.append(f"not as the last deployment left it:\n{drift_text(against.drift, style)}")
    if against.outside:
        parts.append("\n".join(["outside of the project:", *_outside(against.outside)]))
    if against.rebuilds:
        parts.append(
            "\n".join(["to be built anew, while readers go on with the old:", *map(_rebuild, against.rebuilds)])
        )
    if against.taken_over:
        lines = (line for item in against.taken_over for line in _takeover(item))
        parts.append("\n".join(["made by hand, and taken over by mvc apply once it has compared the rows:", *lines]))
    return "\n\n".join(parts)


def _takeover(item: Takeover) -> Iterable[str]:
    size = f", {size_text(item.bytes)}" if item.bytes else ""
    read = f"; read by {visible(', '.join(item.reads))}" if item.reads else ""
    yield f"  {visible(item.view)}: the {item.kind} {visible(item.relation)} of the role {visible(item.owner)}{size}{read}"
    yield from (f"    {visible(note)}" for note in item.notes)


def _rebuild(item: Rebuild) -> str:
    rows = "" if item.rows is None else f"{item.rows:,} rows, "
    took = "" if item.seconds is None else f"; its last build took {item.seconds:.2f} s"
    return f"  {visible(item.view)}: {rows}{size_text(item.bytes)}{took}"


def _outside(items: Iterable[OutsideReader]) -> Iterable[str]:
    for item in items:
        columns = ", ".join(f"{item.view}.{column}" for column in item.columns) or item.view
        yield f"  {visible(item.described)} reads {visible(columns)}: {item.reason}  ({', '.join(item.classes)})"


def against_json(against: Against) -> dict[str, Any]:
    """All of it as data."""
    return {
        "drift": [drift_json(item) for item in against.drift],
        "outside": [
            {**asdict(item), "columns": list(item.columns), "classes": list(item.classes)} for item in against.outside
        ],
        "rebuilds": [asdict(item) for item in against.rebuilds],
        "catalog": catalog_json(against.catalog),
        "taken_over": [
            {**asdict(item), "reads": list(item.reads), "notes": list(item.notes)} for item in against.taken_over
        ],
    }
