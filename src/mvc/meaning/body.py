"""What a `sql:` body means, as canonical text of its tokens. An alias of a table is replaced by a number where that is safe.

It is safe where the alias is defined once in the whole text and its name stands for nothing else in it: not for a schema, nor for
a column. So each token of that name must be the definition, or the qualifier of a column that the parser has found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property

from sqlglot import Token, TokenType, exp

from mvc.analysis.body.analysed import Analysis
from mvc.analysis.body.scopes import Output
from mvc.catalog.tokens import lowered
from mvc.engines.postgres.engine import DIALECT
from mvc.expression.as_read import written_out
from mvc.expression.canonical import canonical_text, canonical_tokens
from mvc.expression.parse import folded
from mvc.expression.tokens import tokens_of
from mvc.meaning.before import NOTHING, Before


class BodyMeaning:
    """The meaning of a body that was analysed; `sql` is its text with storage in the place of views, all by the names that were `before`."""

    def __init__(self, sql: str, analysis: Analysis, before: Before = NOTHING) -> None:
        self.sql = before.body(sql)
        self.analysis = analysis
        self.before = before

    @property
    def digest_parts(self) -> tuple[str, ...]:
        """What is stored: the whole query over what stores the views that it reads."""
        tokens = tokens_of(self.sql)
        names = repr(self.before.own(field.name for field in self.analysis.output.fields))
        return names, _canonical(self.sql, tokens, _Renaming(tokens, self._aliases))

    @property
    def body(self) -> str:
        """The query without its list of columns, over the views themselves."""
        parsed = self.analysis.parsed
        renaming = _Renaming(parsed.tokens, self._aliases)
        return _canonical(parsed.body.sql, parsed.tokens, renaming, listed=False)

    @cached_property
    def _aliases(self) -> Mapping[str, int]:
        """Names that are an alias of a table, and defined once, with how often they stand for it."""
        query = self.analysis.parsed.query
        names = Counter(folded(node.this) for node in query.find_all(exp.TableAlias) if node.this)
        qualifiers = Counter(folded(node.args["table"]) for node in query.find_all(exp.Column) if _one_qualifier(node))
        once = {name for name, count in names.items() if name and count == 1} - self._ctes
        return {name: 1 + qualifiers[name] for name in once}

    @cached_property
    def _ctes(self) -> frozenset[str]:
        return frozenset(folded(node.args["alias"].this) for node in self.analysis.parsed.query.find_all(exp.CTE))

    @property
    def columns(self) -> Mapping[str, str]:
        """The meaning of each column, for people."""
        parsed = self.analysis.parsed
        outermost = next((scope for scope in self.analysis.scopes if scope.select is parsed.select), None)
        outputs = outermost.outputs if outermost else []
        return {
            field.name: self._column(outputs[number] if number < len(outputs) else None)
            for number, field in enumerate(self.analysis.output.fields)
        }

    def _column(self, output: Output | None) -> str:
        if output is None:
            return ""
        if output.node is None:
            origins = (f"{relation}.{name}" for relation, name in sorted(output.field.lineage))
            return ", ".join(origins)
        copy = output.node.copy()
        for original, column in zip(output.node.find_all(exp.Column), copy.find_all(exp.Column), strict=True):
            ref = self.analysis.refs.get(id(original))
            if ref is not None:
                column.set("table", exp.to_identifier(ref.item.rows.described.rpartition(".")[2]))
        return canonical_text(str(written_out(copy).sql(dialect=DIALECT, comments=False, normalize_functions="lower")))


def _canonical(sql: str, tokens: Iterable[Token], renaming: _Renaming, *, listed: bool = True) -> str:
    kept = (token for token in tokens if token.start not in renaming.needless)
    return canonical_tokens(sql, kept, renaming, listed=listed)


class _Renaming:
    """Another text for the tokens that are a table's alias: its number, in the order of first use.

    `aliases` says how many tokens of each name are to be expected; where there are others too, all stay as they are.
    """

    def __init__(self, tokens: Iterable[Token], aliases: Mapping[str, int]) -> None:
        listed = list(tokens)
        counted = Counter(map(_name, listed))
        safe = {name for name, count in aliases.items() if counted[name] == count}
        numbers: dict[str, str] = {}
        self._texts: dict[int, str] = {}
        self.needless: set[int] = set()  # `AS` before an alias
        for number, token in enumerate(listed):
            name = _name(token)
            if name not in safe:
                continue
            self._texts[token.start] = numbers.setdefault(name, f"@{len(numbers) + 1}")
            if number and listed[number - 1].token_type is TokenType.ALIAS:
                self.needless.add(listed[number - 1].start)

    def __call__(self, token: Token) -> str | None:
        return self._texts.get(token.start)


def _one_qualifier(column: exp.Column) -> bool:
    return bool(column.args.get("table")) and not column.args.get("db")


def _name(token: Token) -> str:
    if token.token_type is TokenType.IDENTIFIER:
        return token.text
    return lowered(token.text) if token.token_type is TokenType.VAR else ""
