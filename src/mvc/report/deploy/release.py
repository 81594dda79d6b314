"""What a change of base tables takes, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.engines.postgres.plan.release import Release, ReleasedView, Rows
from mvc.report.text.sanitize import visible
from mvc.report.text.style import Style
from mvc.report.text.words import counted

_ROWS: Final[dict[Rows, str]] = {
    "copied": "readers go on with a copy of its rows",
    "kept": "readers go on with its table, which is not refreshed meanwhile",
    "refreshed": "its rows are not concerned",
}


def release_text(found: Release, project: str, style: Style, statements: int | None = None) -> str:
    """What would be released for a change, or for a migration of so many `statements`."""
    what = ", ".join(visible(str(item)) for item in found.altered)
    lines = [
        f"to change {what}:" if what else "nothing that a view may read is retyped or dropped, as far as the text says"
    ]
    lines += [line for view in found.views for line in _view(view, project, style)]
    lines += [f"  {style.paint('help', 'drop')} {visible(name)}: nobody uses it" for name in found.leftovers]
    lines += [
        f"  {style.paint('warning', '!')} {visible(name)} is not the project's and reads it as well: drop it in the migration, and create it again there"
        for name in found.outside
    ]
    if what and found.empty and not found.outside:
        lines.append("  nothing is in the way")
    if statements is not None:
        lines.append(
            f"  {style.paint('help', 'run the migration')}: {counted(statements, 'statement')}, in one transaction"
        )
    return "\n".join(lines)


def _view(view: ReleasedView, project: str, style: Style) -> Iterator[str]:
    words = "its rules read it, so it shows no rows meanwhile" if view.closed else _ROWS[view.rows]
    yield f"  {style.paint('help', 'release')} {visible(view.called)}: {words}"
    if view.project != project:
        yield f"    {style.paint('warning', '!')} it is of the project {visible(view.project)}, whose mvc apply builds it anew"


def released_text(done: Release) -> str:
    """What was released."""
    count = len(done.views)
    return f"{counted(count, 'view')} released; change the tables, then mvc apply builds what was released anew"
