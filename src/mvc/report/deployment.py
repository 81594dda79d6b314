"""Plans, deployments and refreshes as text for a terminal, and as data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mvc.postgres.apply import Applied, Plan
from mvc.postgres.ledger import LeftOut
from mvc.postgres.refresh import Refreshed
from mvc.report.style import Style


def plan_text(plan: Plan, database: str, style: Style) -> str:
    """What a deployment would do."""
    lines = [f"plan for the database {database}:"]
    lines += [f"  {style.paint('help', '+')} create     {name}" for name in plan.created]
    lines += [f"    unchanged  {name}" for name in plan.unchanged]
    return "\n".join([*lines, *_left_out(plan.left_out, style)])


def applied_text(applied: Applied) -> str:
    """What a deployment did. What was left out, its plan has said."""
    lines = [f"deployed {_counted(len(applied.created), 'new view')}, {len(applied.unchanged)} unchanged"]
    if applied.unfilled:
        wait = "waits" if len(applied.unfilled) == 1 else "wait"
        lines.append(f"  {_counted(len(applied.unfilled), 'view')} {wait} for a first refresh: mvc refresh --all")
    return "\n".join(lines)


def _left_out(left_out: Iterable[LeftOut], style: Style) -> list[str]:
    return [f"  {style.paint('warning', '!')} left out   {item.view}: it {item.reason}" for item in left_out]


def refreshed_text(result: Refreshed, style: Style) -> str:
    """One line for one refresh."""
    if result.status == "completed":
        return (
            f"  {style.paint('help', '✓')} {result.view}  {_counted(result.rows or 0, 'row')} in {result.seconds:.2f} s"
        )
    mark = style.paint("error", "✗") if result.status == "failed" else style.paint("warning", "–")
    return f"  {mark} {result.view}  {result.status}: {result.reason}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def refreshed_json(results: Iterable[Refreshed]) -> dict[str, Any]:
    """The results as data. `seconds` is the server's measure."""
    return {
        "format": "mvc.refresh",
        "version": 1,
        "views": [
            {
                "view": item.view,
                "status": item.status,
                "seconds": item.seconds,
                "rows": item.rows,
                "reason": item.reason,
            }
            for item in results
        ],
    }
