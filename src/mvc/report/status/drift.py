"""What is not as the last deployment left it, as text for a terminal and as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

from mvc.engines.postgres.plan.drift_kinds import Drift, DriftKind
from mvc.report.text.sanitize import visible
from mvc.report.text.style import Style

_DRIFT: Final[dict[DriftKind, str]] = {
    "exposure missing": "the view that readers use is gone",
    "exposure changed": "the view that readers use was changed behind our back",
    "exposure option": "the options of the view that readers use were changed",
    "storage missing": "what stores it is gone",
    "storage changed": "what stores it was changed behind our back",
    "released": "it was released for a change of base tables, and is not built anew yet",
    "storage unpopulated": "it holds no data",
    "source replaced": "it reads a table that has another name now, and another table has its name",
    "source renamed": "a table that it reads has another name now",
    "storage outdated": "it was computed with functions, types or the like that have changed since; the next refresh computes all of it",
    "storage open": "others than its owner have rights on what stores it",
    "index missing": "an index is gone",
    "index invalid": "an index is invalid",
    "index changed": "an index is not the one that was created",
    "index by hand": "an index was added by hand",
    "grant missing": "a reader lost the right to read",
    "grant by hand": "a right was granted by hand",
    "role missing": "a role that policies or mvc.yml name is gone",
    "role renamed": "a role that policies name is called otherwise now",
    "owner changed": "another role owns it",
    "option changed": "a storage parameter was changed",
    "option by hand": "a storage parameter was added by hand",
    "rule by hand": "a rule was made by hand, and runs with the rights of whoever owns the view",
    "comment changed": "a description was changed",
    "runtime changed": "parts of the runtime were changed or dropped, or are another version's",
    "changes unlogged": "changes of a table that it reads are not logged as they were",
    "job missing": "a schedule has no job in pg_cron",
    "job changed": "a schedule's job in pg_cron was changed",
    "job unknown": "a job in pg_cron belongs to no schedule",
    "name missing": "a name of the project's own stands for nothing",
    "name changed": "what bears a name of the project's own was changed, or its rights were",
}


def drift_text(drift: Iterable[Drift], style: Style) -> str:
    """What is not as the last deployment left it: what will be mended, then what is kept."""
    lines: list[str] = []
    for item in sorted(drift, key=lambda item: item.kept):
        mark = style.paint("related", "·") if item.kept else style.paint("warning", "≠")
        view = f"{visible(item.view)}: " if item.view else ""
        detail = f" ({', '.join(part for part in _details(item))})"
        kept = "; it is kept" if item.kept else ""
        lines.append(f"  {mark} {view}{_DRIFT[item.kind]}{detail}{kept}")
    return "\n".join(lines)


def _details(item: Drift) -> Iterator[str]:
    yield visible(item.subject)
    if item.expected:
        yield f"expected {visible(item.expected)}"
    if item.found:
        yield f"found {visible(item.found)}"


def drift_json(item: Drift) -> dict[str, Any]:
    """One drift as data."""
    return {**asdict(item), "kept": item.kept}
