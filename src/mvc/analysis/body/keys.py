"""Which output columns of a SELECT no two of its rows share: what follows from GROUP BY, DISTINCT, keys and joins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from mvc.analysis.body.calls import Calls
from mvc.analysis.body.equations import Equation, Place, determined, equations, place_read
from mvc.analysis.body.scopes import FromItem, Output, Ref, SelectScope, own_nodes, unwrapped
from mvc.expression.calls import is_window


class Keys:
    """Answers for one body."""

    def __init__(self, calls: Calls, refs: Mapping[int, Ref]) -> None:
        self.calls = calls
        self.refs = refs

    def identifies(self, names: frozenset[str], scope: SelectScope) -> bool:
        """Whether no two rows share the values of these output columns."""
        if self._multiplies(scope):
            return False
        return self._is_single(scope) or self._identifies(names, scope, self._equations(scope))

    def of(self, scope: SelectScope) -> tuple[frozenset[str], ...]:
        """Keys of the rows that a SELECT yields; the empty set where there is one row at most."""
        if self._multiplies(scope):
            return ()
        if self._is_single(scope):
            return (frozenset(),)
        equal = self._equations(scope)
        candidates = dict.fromkeys(self._candidates(scope))
        keys = [candidate for candidate in candidates if self._identifies(candidate, scope, equal)]
        return tuple(sorted(keys, key=lambda key: (len(key), sorted(key))))

    def _equations(self, scope: SelectScope) -> list[Equation]:
        return [
            equation for equation in equations(scope, self.refs, self.calls.functions.catalog) if not equation.loose
        ]

    def _identifies(self, names: frozenset[str], scope: SelectScope, equal: list[Equation]) -> bool:
        select = scope.select
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            terms = [unwrapped(term) for term in distinct.args["on"].expressions]
            return all(self._is_among(term, names, scope) for term in terms)
        if distinct and not scope.open and {output.field.name for output in scope.outputs} <= names:
            return True
        if scope.sets:
            return False
        if scope.grouping:
            return self._groups(names, scope, equal)
        return bool(scope.items) and self._rows_fixed(names, scope, equal) >= set(scope.items)

    def _candidates(self, scope: SelectScope) -> Iterator[frozenset[str]]:
        if scope.grouping:
            yield frozenset(
                output.field.name for output in scope.outputs if any(self._is(term, output) for term in scope.grouping)
            )
        distinct = scope.select.args.get("distinct")
        if distinct:
            terms = [unwrapped(term) for term in distinct.args["on"].expressions] if distinct.args.get("on") else []
            chosen = [output for output in scope.outputs if not terms or any(self._is(term, output) for term in terms)]
            yield frozenset(output.field.name for output in chosen)
        plain = {
            (output.ref.item, output.ref.field.name): output.field.name
            for output in scope.outputs
            if output.ref and output.ref.field and output.ref.scope is scope
        }
        for item in scope.items:
            for key in item.rows.keys:
                # What is not in the SELECT list may be fixed by a condition.
                yield frozenset(plain[item, column] for column in key if (item, column) in plain)

    def _has_aggregates(self, scope: SelectScope) -> bool:
        """Whether the SELECT aggregates, with GROUP BY or without."""
        having = scope.select.args.get("having")
        nodes = own_nodes(*scope.select.expressions, having)
        return having is not None or any(self.calls.aggregates(node) and not is_window(node) for node in nodes)

    def _is_single(self, scope: SelectScope) -> bool:
        limit = scope.select.args.get("limit")
        count = limit.args.get("expression") or limit.args.get("count") if limit else None
        if isinstance(count, exp.Literal) and count.name == "1":
            return True
        if scope.select.args.get("group") is None and self._has_aggregates(scope):
            return True
        return not scope.items and scope.select.args.get("from_") is None

    def _multiplies(self, scope: SelectScope) -> bool:
        """Whether the SELECT list may return several rows for one: a set-returning function, or one that nobody knows."""
        for node in own_nodes(*scope.select.expressions):
            if isinstance(node, exp.Unnest | exp.Explode | exp.GenerateSeries) or type(node).__name__.startswith(
                "Exploding"
            ):
                return True
            if self.calls.unknown(node) or any(function.returns_set for function in self.calls.overloads(node)):
                return True
        return False

    def _groups(self, names: frozenset[str], scope: SelectScope, equal: list[Equation]) -> bool:
        missing = [term for term in scope.grouping if not self._is_among(term, names, scope)]
        if not missing:
            return True
        fixed = self._rows_fixed(names, scope, equal)
        return all(self._follows(term, fixed, scope) for term in missing)

    def _follows(self, term: exp.Expr, fixed: set[FromItem], scope: SelectScope) -> bool:
        """Whether an expression has one value where the rows of these items are fixed."""
        if (place := place_read(term, scope, self.refs)) is not None:
            return place[0] in fixed
        nodes = list(own_nodes(term))
        if any(isinstance(node, exp.Query) or self._varies(node) for node in nodes):
            return False
        refs = [self.refs.get(id(node)) for node in nodes if isinstance(node, exp.Column)]
        return all(ref is not None and ref.scope is scope and ref.item in fixed for ref in refs)

    def _varies(self, node: exp.Expr) -> bool:
        """Whether it is a call whose value may be another one each time, or one that nobody knows."""
        return self.calls.unknown(node) or any(item.volatility == "volatile" for item in self.calls.overloads(node))

    @staticmethod
    def _rows_fixed(names: frozenset[str], scope: SelectScope, equal: list[Equation]) -> set[FromItem]:
        """The items whose row the output columns `names` determine."""
        known: set[Place] = set()
        for output in scope.outputs:
            if output.field.name in names and output.ref and output.ref.field and not scope.nullable(output.ref):
                known.add((output.ref.item, output.ref.field.name))
        return set(determined(scope, known, (), equal))

    def _is_among(self, term: exp.Expr, names: frozenset[str], scope: SelectScope) -> bool:
        return any(output.field.name in names and self._is(term, output) for output in scope.outputs)

    def _is(self, term: exp.Expr, output: Output) -> bool:
        """Whether an output column is the expression, or the column, `term`."""
        if output.node is not None and unwrapped(output.node) is term:
            return True
        ref = self.refs.get(id(term))
        if isinstance(term, exp.Column):
            if ref is None:  # an output name
                return not term.args.get("table") and term.name.lower() == output.field.name
            return output.ref is not None and ref.item is output.ref.item and ref.field == output.ref.field
        return output.node is not None and unwrapped(output.node) == term
