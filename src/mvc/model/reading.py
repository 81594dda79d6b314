"""What every builder of the model needs: expressions and names read from a spec, findings collected on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mvc.diagnostics import Findings, error
from mvc.expression import ExpressionError, parse_expression, parse_ordered
from mvc.expression.grammar import check_value
from mvc.expression.lexemes import lexemes
from mvc.expression.mends import foreign_syntax, mended
from mvc.model.origin import Origin
from mvc.model.view import OrderTerm, Sql
from mvc.quoting import unusable
from mvc.source.flow import TEMPLATE, template_help
from mvc.source.words import yaml_value

LONGEST_MENDED: Final = 2000  # characters of a text for which a mend is looked for
_CALL: Final = re.compile(r"\{\{\s*(?:ref|source|var|env_var)\s*\(")
_UNREADABLE: Final = "NULL"  # stands for what cannot be read, so that the rest is checked without it


def check_template(text: str) -> None:
    """Raises ExpressionError where a text is one of dbt or Jinja. Within a constant, only what dbt calls is."""
    for found in TEMPLATE.finditer(text):
        is_constant = any(item.kind == "string" and item.start < found.start() < item.end for item in lexemes(text))
        if is_constant and not _CALL.match(found.group()):
            continue
        title = f"`{found.group()}` is a template, and a spec has none"
        raise ExpressionError("MV101", title, *found.span(), template_help(found.group()))


class SpecReader(Findings):
    """Reads expressions and names of one file; what is wrong with them is a finding."""

    def sql(self, text: str | None, origin: Origin) -> Sql | None:
        """The expression at `origin`, with a finding and a stand-in for one that cannot be read; None for none."""
        if text is None:
            return None
        try:
            check_template(text)
            parsed = parse_expression(text)
            check_value(text)
            if foreign := foreign_syntax(text):
                raise foreign
            return Sql(parsed, origin)
        except ExpressionError as problem:
            self._expression(problem, origin, text)
            return Sql(parse_expression(_UNREADABLE), origin)

    def template(self, text: str, origin: Origin) -> None:
        """A finding if the text is one of dbt or Jinja."""
        try:
            check_template(text)
        except ExpressionError as problem:
            self._expression(problem, origin, "")

    def ordered(self, text: str, origin: Origin) -> OrderTerm | None:
        """The ordered term at `origin`, or None with a finding."""
        try:
            parsed = parse_ordered(text)
            check_value(parsed.expression.source)
            return OrderTerm(parsed, origin)
        except ExpressionError as problem:
            self._expression(problem, origin, "")
            return None

    def names(self, origin: Origin, names: Iterable[str]) -> None:
        """Findings for keys of the mapping at `origin` that PostgreSQL cannot hold as names."""
        for name in names:
            self.name(name, origin.at(name))

    def name(self, name: str, origin: Origin) -> None:
        """A finding if PostgreSQL cannot hold this name."""
        if problem := unusable(name):
            shown = name if len(name) <= 40 else f"{name[:40]}…"
            self.add(
                error(
                    "MV208",
                    origin.key_span,
                    f"`{shown}` cannot be a name: {problem}",
                    help="choose a shorter, plainer name",
                )
            )

    def _expression(self, problem: ExpressionError, origin: Origin, text: str) -> None:
        span = origin.part(problem.start, problem.end)
        mend = (
            mended(text).strip() if problem.code in ("MV101", "MV102", "MV106") and len(text) <= LONGEST_MENDED else ""
        )
        key = f"{origin.path[-1]}: " if origin.path and isinstance(origin.path[-1], str) else ""
        help_lines = (f"write {key}{yaml_value(mend)}",) if mend else (problem.help,)
        self.add(error(problem.code, span, problem.title, label="here", help=help_lines))
