"""What a resolved view means, as canonical text: what `mvc diff` shows, and what the stored relation's name is a digest of.

Aliases are replaced by what they stand for, so a renamed one changes nothing. Everything that decides which rows are stored
is part of the digest: also what the catalog's keys say about each join, since the emitted SQL follows from it. A change of
the compiler that alters stored rows for the same meaning raises GENERATION.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Final

from mvc.analysis.declared.measures import Measure
from mvc.analysis.declared.tree import JoinTree, Node
from mvc.analysis.resolved import DeclaredQuery
from mvc.compiled.picked import Picked
from mvc.compiled.view import CompiledSource
from mvc.expression import Expression
from mvc.expression.canonical import canonical, canonical_text
from mvc.expression.split import conjuncts, disjuncts
from mvc.meaning.after import derived, otherwise, picked, windowed
from mvc.meaning.before import NOTHING, Before
from mvc.meaning.fingerprint import fingerprint
from mvc.model.aggregates import Form
from mvc.model.view import Aggregate
from mvc.quoting import constant, identifier

GENERATION: Final = "1"  # raise it when the same meaning must be stored anew

Write = Callable[[str, str], str]


class DeclaredMeaning:
    """The meaning of a declared view, with aliases written as their relations (`labels`) or as digests (`signatures`); these by the
    names that were `before`.
    """

    def __init__(self, query: DeclaredQuery, before: Before = NOTHING) -> None:
        self.query = query
        self.before = before

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """A readable name for each alias: its relation's. Of several sources with one relation the plainest has it alone.

        Two have one label only if they mean the same, in whatever order the spec lists them.
        """
        tree = self.query.tree
        names = _relation_labels(tree.nodes)
        labels: dict[str, str] = {}
        for depth in sorted({node.depth for node in tree.nodes.values()}):
            known = {**names, **labels}
            texts = {alias: self._conditions(alias, known) for alias, node in tree.nodes.items() if node.depth == depth}
            for alias in sorted(texts, key=lambda alias: (len(texts[alias]), texts[alias], self.signatures[alias])):
                labels[alias] = self._label(alias, names[alias], texts[alias], labels)
        return labels

    def _label(self, alias: str, name: str, conditions: str, labels: Mapping[str, str]) -> str:
        """The first one that nothing of another meaning has."""
        signature = self.signatures[alias]
        taken = {label for other, label in labels.items() if self.signatures[other] != signature}
        choice = (name, f"{name}[{conditions}]", f"{name}[{conditions}, {signature}]")
        return next(label for label in choice if label not in taken)

    def _conditions(self, alias: str, names: Mapping[str, str]) -> str:
        node = self.query.tree[alias]
        write = _writer(names)
        return ", ".join(filter(None, [_all_of((*node.on, *node.where), write), _ordered(node, write)]))

    @cached_property
    def signatures(self) -> Mapping[str, str]:
        """For each alias a digest of everything that decides which of its rows there are, parents included."""
        tree = self.query.tree
        found: dict[str, str] = {}
        for alias in sorted(tree.nodes, key=lambda alias: tree[alias].depth):
            self._sign(alias, tree, found)
        return found

    def _sign(self, alias: str, tree: JoinTree, found: dict[str, str]) -> None:
        if alias in found:
            return
        node = tree[alias]
        own = {**found, alias: "self"}
        others = {ref.qualifier for item in node.decides for ref in item.columns} - own.keys() - {None}
        for other in sorted(item for item in others if item):
            found.setdefault(alias, "self")  # a circle of conditions reads this one as itself
            self._sign(other, tree, found)
        found.pop(alias, None)
        write = self._signing({**found, alias: "self"})
        conditions = [sorted(canonical(item, write) for item in part) for part in (node.on, node.where)]
        facts = (
            found.get(node.parent or "", ""),
            self.before.relation(node.readable),
            node.source.required,
            node.to_one,
            node.identity and tuple(self.before.column(node.readable, name) for name in node.identity),
        )
        said = [f"first by {_terms(node, write)}"] if node.order else ["absent"] if node.source.absent else []
        found[alias] = fingerprint(repr((conditions, facts, *said)))

    def _signing(self, names: Mapping[str, str]) -> Write:
        """Writes a column by the name that it had before."""
        write, nodes = _writer(names), self.query.tree.nodes

        def write_former(qualifier: str, name: str) -> str:
            node = nodes.get(qualifier)
            return write(qualifier, self.before.column(node.readable, name) if node else name)

        return write_former

    @property
    def sources(self) -> tuple[CompiledSource, ...]:
        """The sources, the base first, else by alias."""
        tree = self.query.tree
        nodes = sorted(tree.nodes.values(), key=lambda node: (node.depth > 0, node.alias))
        return tuple(CompiledSource(node.alias, _relation_described(node), self._source(node)) for node in nodes)

    def _source(self, node: Node) -> str:
        write = _writer(self.labels)
        parts = [f"{word} {_all_of(items, write)}" for word, items in (("on", node.on), ("where", node.where)) if items]
        said = (("required", node.source.required), ("absent", node.source.absent), ("one", node.source.one))
        claims = [word for word, holds in said if holds]
        return ", ".join(filter(None, [*parts, _ordered(node, write), *claims]))

    @property
    def filters(self) -> tuple[str, ...]:
        """The conditions on base rows."""
        return tuple(sorted(canonical(item, _writer(self.labels)) for item in self.query.where))

    @property
    def columns(self) -> Mapping[str, str]:
        """The meaning of each column, for people."""
        return self._shown(self._all_columns)

    @property
    def picked(self) -> Picked:
        """What picks groups and rows, and the columns over those that are left."""
        having, keep = (
            picked(condition, self._all_columns) if condition else ()
            for condition in (self.query.after.having, self.query.after.keep)
        )
        return Picked(having, keep, tuple(name for name in windowed(self.query.computed) if name in self.columns))

    @cached_property
    def _all_columns(self) -> Mapping[str, str]:
        return self._columns(self.labels, _writer(self.labels))

    def _shown(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Without those that are hidden: they mean something by what reads them."""
        return {name: text for name, text in columns.items() if name not in self.query.after.hidden}

    @property
    def digest_parts(self) -> tuple[str, ...]:
        """Everything that is stored, in an order that does not depend on the spec's."""
        write = self._signing(self.signatures)
        all_columns = self._columns(self.signatures, write)
        meanings, after = self._shown(all_columns), self.query.after
        columns = sorted(zip(self.before.own(meanings), meanings.values(), strict=True))
        filters = sorted(canonical(item, write) for item in self.query.where)
        return (
            repr(columns),
            repr(filters),
            repr(sorted(self.signatures.values())),
            repr(sorted(self.before.own(self.query.grain.columns))),
            *(repr(("having", picked(item, all_columns))) for item in (after.having,) if item),
            *(repr(("keep", picked(item, all_columns))) for item in (after.keep,) if item),
        )

    def _columns(self, names: Mapping[str, str], write: Write) -> dict[str, str]:
        found = {item.name: canonical(item.expression, write) for item in self.query.dimensions}
        for block in self.query.blocks:
            found |= {item.name: _measure(item, names, write) for item in block.measures}
        for item in self.query.computed:
            found[item.name] = derived(item, found)
        return found


def _all_of(conditions: Iterable[Expression], write: Write) -> str:
    """Conditions joined by AND, in an order of their own; one with an OR stands in brackets beside others."""
    items = tuple(conditions)
    texts = [(canonical(item, write), len(items) > 1 and len(disjuncts(item)) > 1) for item in items]
    return " and ".join(sorted(f"({text})" if either else text for text, either in texts))


def _ordered(node: Node, write: Write) -> str:
    return f"the first by {_terms(node, write)}" if node.order else ""


def _terms(node: Node, write: Write) -> str:
    """The order by which one of several rows is picked."""
    return ", ".join(f"{canonical(item, write)}{term.ordered.suffix.lower()}" for item, term in node.order)


def _writer(names: Mapping[str, str]) -> Write:
    return lambda qualifier, name: f"{names.get(qualifier, qualifier)}.{identifier(name)}"


def _relation_labels(nodes: Mapping[str, Node]) -> dict[str, str]:
    """The names of the relations; with the schema where two schemas have one of that name."""
    relations = {node.readable.described for node in nodes.values() if node.readable.reference}
    shared = Counter(name.rpartition(".")[2] for name in relations)
    labels = {name: short if shared[short := name.rpartition(".")[2]] == 1 else name for name in relations}
    return {
        alias: labels[node.readable.described] if node.readable.reference else node.readable.label or "subquery"
        for alias, node in nodes.items()
    }


def _relation_described(node: Node) -> str:
    """A subquery by its author's text: what stores the views that it reads is no part of what it says."""
    written = node.readable.written
    return canonical_text(written) if written else node.readable.described


def _measure(measure: Measure, names: Mapping[str, str], write: Write) -> str:
    aggregate = measure.aggregate
    argument = canonical(measure.argument, write) if measure.argument else f"{names[measure.source]}.*"
    written = measure.function.form is Form.WRITTEN
    text = argument if written else f"{aggregate.function}({_arguments(measure, argument, write)})"
    of = f" of {names[measure.source]}" if measure.argument and not _reads_only_source(measure) else ""
    where = f" where {_all_of(conjuncts(measure.where), write)}" if measure.where else ""
    return f"{text}{of}{where}{_result(aggregate)}"


def _reads_only_source(measure: Measure) -> bool:
    return {ref.qualifier for value in measure.values for ref in value.columns} == {measure.source}


def _arguments(measure: Measure, argument: str, write: Write) -> str:
    aggregate = measure.aggregate
    distinct = "distinct " if aggregate.distinct else ""
    second = f", {canonical(measure.second, write)}" if measure.second else ""
    separator = f", {constant(aggregate.separator)}" if "separator" in measure.function.options else ""
    at = f", {aggregate.at}" if aggregate.at is not None else ""
    terms = [f"{canonical(item, write)}{term.ordered.suffix.lower()}" for item, term in measure.order]
    order = f" order by {', '.join(terms)}" if terms else ""
    return f"{distinct}{argument}{second}{separator}{at}{order}{f' limit {aggregate.limit}' if aggregate.limit else ''}"


def _result(item: Aggregate) -> str:
    return f" as {item.type.name}{otherwise(item.default)}" if item.type else otherwise(item.default)
