"""An import as Markdown, for the pull request that brings it."""

from __future__ import annotations

from mvc.importing.imported import Imported
from mvc.report.importing.told import COLUMNS, lists, rows
from mvc.report.text.markdown import code, prose


def import_markdown(found: Imported) -> str:
    """A table of the views, then what else is to be said, each under its heading."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{' --- |' * len(COLUMNS)}"]
    for view, *row in rows(found):
        lines.append(f"| {code(view)} | {' | '.join(map(prose, row))} |")
    for heading, said in lists(found):
        lines += ["", f"### {heading.capitalize()}", ""]
        lines += [f"- {f'{code(item.of)}: ' if item.of else ''}{prose(item.text)}" for item in said]
    return "\n".join(lines)
