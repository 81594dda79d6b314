"""Several relations of the database that are read as one: their rows, the columns that all of them have, and from which one each row is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mvc.analysis.relation import Arm, SourceRelation
from mvc.analysis.row_lineage import Origin, RowLineage
from mvc.catalog.types import Column, plain_type

FROM_TABLE: Final = "from_table"


def of_union(arms: Sequence[Arm]) -> SourceRelation:
    """The rows of all. A key of each of them is one together with the relation that a row is from."""
    first, *others = (arm.relation for arm in arms)
    common = {name: column for name in first.columns if (column := _common(name, arms))}
    columns = {FROM_TABLE: Column(FROM_TABLE, "text", nullable=False), **common}
    keys = (key for key in first.keys if all(key in other.keys for other in others))
    shown = [arm.relation.described for arm in arms]
    lineage: dict[str, frozenset[Origin]] = {name: frozenset((item, name) for item in shown) for name in common}
    return SourceRelation(
        described=" and ".join(shown),
        columns=columns,
        keys=tuple((FROM_TABLE, *key) for key in keys if common.keys() >= set(key)),
        lineage={**lineage, FROM_TABLE: frozenset()},
        within=RowLineage(frozenset(shown)),
        indexes=tuple(sorted(set.intersection(*(_beginnings(arm.relation) for arm in arms)))),
        label=f"({', '.join(arm.name for arm in arms)})",
        arms=tuple(arms),
        lacking=_lacking(arms, common),
    )


def _common(name: str, arms: Sequence[Arm]) -> Column | None:
    """The column as all have it, without a length where these differ; None where they do not all have it."""
    found = [column for arm in arms if (column := arm.relation.columns.get(name))]
    types = {column.type for column in found}
    alike = len({plain_type(type_) for type_ in types}) == len({column.collation for column in found}) == 1
    if len(found) < len(arms) or not alike or name == FROM_TABLE:
        return None
    type_ = found[0].type if len(types) == 1 else plain_type(found[0].type)
    return Column(name, type_, any(column.nullable for column in found), found[0].collation)


def _beginnings(relation: SourceRelation) -> set[tuple[str, ...]]:
    return {index[:length] for index in relation.indexes for length in range(1, len(index) + 1)}


def _lacking(arms: Sequence[Arm], common: Mapping[str, Column]) -> dict[str, str]:
    return dict(_reasons(arms, common))


def _reasons(arms: Sequence[Arm], common: Mapping[str, Column]) -> Iterator[tuple[str, str]]:
    """Why a column that some of the relations have is none of the source."""
    for name in dict.fromkeys(name for arm in arms for name in arm.relation.columns):
        without = [arm.name for arm in arms if name not in arm.relation.columns]
        if name in common:
            continue
        if without:
            yield name, f"{' and '.join(without)} {'has' if len(without) == 1 else 'have'} none"
        else:
            types = (f"{arm.relation.columns[name].type} in {arm.name}" for arm in arms)
            yield name, f"it is {', '.join(types)}"
