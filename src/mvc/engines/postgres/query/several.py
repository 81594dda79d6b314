"""Several relations that are read as one, as a query: each with the same columns, in the same order."""

from __future__ import annotations

from collections.abc import Iterable

from mvc.analysis.relation import Arm, SourceRelation
from mvc.analysis.unions import FROM_TABLE
from mvc.quoting import identifier, literal, qualified


def union_text(relation: SourceRelation, columns: Iterable[str]) -> str:
    """The rows of all, of which only some columns are read. PostgreSQL looks into each of them as if it were read alone."""
    listed = tuple(columns) or (FROM_TABLE,)
    return " UNION ALL ".join(f"SELECT {arm_columns(arm, listed)} FROM {arm_name(arm)}" for arm in relation.arms)


def arm_columns(arm: Arm, columns: Iterable[str], alias: str = "") -> str:
    """The columns of one of them, or what stands for them."""
    return ", ".join(_column(arm, column, alias) for column in columns)


def _column(arm: Arm, column: str, alias: str) -> str:
    if column == FROM_TABLE:
        return f"{literal(arm.name)}::text AS {FROM_TABLE}"
    return qualified(alias, column) if alias else identifier(column)


def arm_name(arm: Arm) -> str:
    """The relation, as SQL."""
    if arm.relation.reference is None:
        raise TypeError(arm.name)
    return qualified(*arm.relation.reference)
