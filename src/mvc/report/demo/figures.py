"""Numbers as the demo shows them: short, with their unit, never more digits than were measured."""

from __future__ import annotations


def count(number: int) -> str:
    """1,402,762."""
    return f"{number:,}"


def amount(number: float) -> str:
    """Money, without its cents."""
    return f"{number:,.0f}"


def took(seconds: float) -> str:
    """How long a stage took."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.095 else f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def milliseconds(seconds: float) -> str:
    """How long an answer took."""
    value = seconds * 1000
    return f"{value:,.2f} ms" if value < 10 else f"{value:,.0f} ms"


def times(factor: float, sign: str) -> str:
    """By which factor: two digits below ten, whole above."""
    return f"{factor:.1f}{sign}" if factor < 9.95 else f"{factor:,.0f}{sign}"


def rows(number: int) -> str:
    """`1 row`, `20 rows`, `none`."""
    if number == 0:
        return "none"
    return "1 row" if number == 1 else f"{count(number)} rows"
