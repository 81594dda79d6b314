"""A measure in a view: the project's definition, with its columns as those of a source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mvc.diagnostics import Diagnostic, did_you_mean, error
from mvc.expression import parse_expression
from mvc.model.build_result import build_default, build_type
from mvc.model.measured import Measured, Measures
from mvc.model.origin import Composed, Origin
from mvc.model.reading import SpecReader
from mvc.model.view import Aggregate, Computed, OrderTerm, Source, Sql, TableRef
from mvc.quoting import identifier
from mvc.spec import AggregateSpec

_AFTER_COMMENT = "\n"
_UNREADABLE = "NULL"  # stands for what cannot be read, so that the rest is checked without it


@dataclass(frozen=True)
class Shown:
    """What the aggregates of a view may show: the project's measures, of the view's sources. `taken` are the names of its columns."""

    measures: Measures
    sources: tuple[Source, ...]
    taken: frozenset[str]

    def columns(
        self, name: str, spec: AggregateSpec, origin: Origin, findings: SpecReader
    ) -> tuple[Aggregate | Computed, ...]:
        """The column that shows a measure; before it, hidden ones for those that it is computed from."""
        use = _Use(self, spec, findings.sql(spec.where, origin.at("where")), origin, findings)
        definition = self.measures.known.get(spec.measure or "")
        if definition is None:
            near = did_you_mean(spec.measure or "", self.measures.known, "measures")
            help_line = near if self.measures.known else "measures stand in measures/*.yml"
            title = f"no measure is named `{spec.measure}`"
            if self.measures.complete:
                findings.add(error("MV218", origin.at("measure").span, title, label="no such measure", help=help_line))
            return (_stand_in(name, origin),)
        made = tuple(use.made(name, definition))
        return (*made[:-1], use.said(made[-1]))

    def is_whole(self, definition: Measured) -> bool:
        """Whether a measure can be read, and whatever it is computed from is there and not itself."""
        circle = any(definition.name in self.measures.all_read(read) for read in definition.reads)
        return definition.item is not None and not circle and definition.reads <= self.measures.known.keys()

    def free(self, wanted: str) -> str:
        """A name that no column of the view has."""
        while wanted in self.taken:
            wanted += "_"
        return wanted

    def reading(self, table: TableRef | None) -> list[Source]:
        """The sources that read a table."""
        pairs = ((item, item.relation) for item in self.sources)
        return [
            item
            for item, read in pairs
            if table and isinstance(read, TableRef) and self.measures.same_table(read, table)
        ]


@dataclass(frozen=True)
class _Use:
    """One column that shows a measure: what its mapping says, and of which rows."""

    shown: Shown
    spec: AggregateSpec
    where: Sql | None
    origin: Origin
    findings: SpecReader

    def made(self, name: str, definition: Measured) -> Iterator[Aggregate | Computed]:
        """The column, the last one, and those that it is computed from."""
        item = definition.item
        if item is None or not self.shown.is_whole(definition):
            yield _stand_in(name, self.origin)
        elif isinstance(item, Computed):
            yield from self._computed(name, definition, item)
        else:
            source = self._source(definition)
            made = source and of_source(definition, name, source, self.where, self.origin)
            yield made or _stand_in(name, self.origin)

    def _computed(self, name: str, definition: Measured, item: Computed) -> Iterator[Aggregate | Computed]:
        columns = {other: self.shown.free(f"{name}_{other}") for other in sorted(definition.reads)}
        for other, column in columns.items():
            yield from (replace(part, hidden=True) for part in self.made(column, self.shown.measures.known[other]))
        edits = [(ref.start, ref.end, identifier(columns[ref.name])) for ref in item.sql.expression.columns]
        yield replace(item, name=name, sql=_edited(item.sql, edits), origin=self.origin, measure=definition.name)

    def _source(self, definition: Measured) -> Source | None:
        """The source that is said, or the only one that reads the table."""
        fit = self.shown.reading(definition.table)
        said = next((item for item in self.shown.sources if item.alias == self.spec.of), None)
        if self.spec.of is not None and said is None:
            title = f"no source has the alias `{self.spec.of}`"
            near = did_you_mean(self.spec.of, [item.alias for item in self.shown.sources], "sources here")
            self.findings.add(error("MV202", self.origin.at("of").span, title, label="no such alias", help=near))
        elif said in fit or (said is None and len(fit) == 1):
            return said or fit[0]
        else:
            self.findings.add(_no_source(definition, said, fit, self.origin))
        return None

    def said(self, item: Aggregate | Computed) -> Aggregate | Computed:
        """What the view says of the column itself goes before what the measure says."""
        default = build_default(self.spec.default, self.origin.at("default"), self.findings)
        cast = build_type(self.spec.type, self.origin.at("type"), self.findings)
        return replace(
            item,
            hidden=self.spec.hidden,
            type=cast or item.type,
            default=item.default if default is None else default,
            description=item.description if self.spec.description is None else self.spec.description,
        )


def _no_source(definition: Measured, said: Source | None, fit: list[Source], origin: Origin) -> Diagnostic:
    table = definition.table.name if definition.table else ""
    add = f"add a source that does: {{table: {table}, on: …}}"
    if said:
        title = f"the measure `{definition.name}` is one of {table}, which `{said.alias}` does not read"
        mend = f"write of: {fit[0].alias}" if fit else add
        return error("MV326", origin.at("of").span, title, label="another table", help=mend)
    if fit:
        names = " and ".join(f"`{item.alias}`" for item in fit)
        title = f"the measure `{definition.name}` is one of {table}, which {names} read"
        return error("MV326", origin.at("measure").span, title, label="of which one?", help=f"add of: {fit[0].alias}")
    title = f"the measure `{definition.name}` is one of {table}, and no source here reads that"
    return error("MV326", origin.at("measure").span, title, label="no rows of it here", help=add)


def _stand_in(name: str, origin: Origin) -> Computed:
    return Computed(name, Sql(parse_expression(_UNREADABLE), origin), None, None, origin)


def of_source(definition: Measured, name: str, source: Source, where: Sql | None, origin: Origin) -> Aggregate | None:
    """A measure as an aggregate of the rows of a source, those of which `where` holds as well; None for one that is no aggregate."""
    item = definition.item
    if not isinstance(item, Aggregate):
        return None
    table = definition.table.name if definition.table else ""
    own = item.where and _qualified(item.where, source, table)
    return replace(
        item,
        name=name,
        argument=item.argument and _qualified(item.argument, source, table),
        second=item.second and _qualified(item.second, source, table),
        alias=source.alias if item.alias else None,
        of=None if item.alias else source.alias,
        where=_both(own, where) if own and where else own or where,
        order=tuple(_ordered(term, source, table) for term in item.order),
        origin=origin,
        measure=item.name,
    )


def _ordered(term: OrderTerm, source: Source, table: str) -> OrderTerm:
    made = _qualified(Sql(term.ordered.expression, term.origin), source, table)
    return OrderTerm(replace(term.ordered, expression=made.expression), made.origin)


def _qualified(sql: Sql, source: Source, table: str) -> Sql:
    """The expression with its table's columns as those of a source, whatever that is called."""
    before = f"{identifier(source.alias)}."
    edits = []
    for ref in sql.expression.columns:
        if ref.qualifier is None:
            edits.append((ref.start, ref.start, before))
        elif ref.qualifier == table:
            edits.append((ref.start, ref.end, f"{before}{identifier(ref.name)}"))
    return _edited(sql, edits)


def _edited(sql: Sql, edits: Iterable[tuple[int, int, str]]) -> Sql:
    pieces: list[tuple[int, Origin, int]] = [(0, sql.origin, 0)]
    moved = 0
    made = sorted(edits)
    for start, end, text in made:
        moved += len(text) - (end - start)
        pieces.append((end + moved, sql.origin, end))
    return Sql(
        parse_expression(sql.expression.edited(made)), Composed(sql.origin.document, sql.origin.path, tuple(pieces))
    )


def _both(one: Sql, other: Sql) -> Sql:
    """Both conditions, each at its place."""
    first, second = (
        f"({sql.expression.source}{_AFTER_COMMENT if '--' in sql.expression.source else ''})" for sql in (one, other)
    )
    behind = len(first) + len(" AND ")
    inner = one.origin.pieces if isinstance(one.origin, Composed) else ((0, one.origin, 0),)
    pieces = (*((start + 1 if start else 0, origin, at) for start, origin, at in inner), (behind + 1, other.origin, 0))
    return Sql(parse_expression(f"{first} AND {second}"), Composed(one.origin.document, one.origin.path, pieces))
