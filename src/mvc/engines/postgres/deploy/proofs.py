"""The statements that have the server prove whose code it picked, after it picked it and before it runs.

Names of authors are resolved along the project's search path, where a stranger's operator or function may fit better than PostgreSQL's
own. A view is resolved when it is created and runs later; an index with expressions is not, so these are put into views first.
`allowed` names code of others that somebody agreed to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mvc.compiled.view import CompiledIndex, CompiledView, Target
from mvc.engines.postgres.deploy.call_words import call_words, reads_parts
from mvc.engines.postgres.deploy.statements import create_index as plain_index
from mvc.engines.postgres.deploy.statements import create_storage, names_array, storage_comment, texts_array
from mvc.engines.postgres.deploy.type_words import type_words
from mvc.quoting import literal, qualified

# Names, constants and comments whole, so that no parenthesis in them counts; sqlglot takes too long to import here.
_TOKEN: Final = re.compile(
    r"""\s+|--[^\n\r]*|/\*.*?\*/|"(?:[^"]|"")*"|[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?P<tag>\$\w*\$).*?(?P=tag)|\w+|.""",
    re.DOTALL,
)
_GAP: Final = re.compile(r"\s|--|/\*")


def storage_sql(target: Target, view: CompiledView) -> tuple[str, ...]:
    """What creates the stored relation, without data, and its indexes."""
    indexes = (statement for index in view.indexes for statement in create_index(target, view, index))
    return (*create_storage(target, view), storage_comment(view), *indexes)


def prove_sources_sql(target: Target, view: CompiledView, allowed: Iterable[str] = ()) -> str:
    """Refuses what the view's text is about to name of somebody whom nobody trusts, before the server parses that text."""
    texts = [view.stored_query, view.exposure.query, *(arm.query for arm in view.exposure.arms)]
    texts += [index.definition for index in view.indexes]
    types, trust = type_words(texts), _trust(target, allowed)
    named, sources = literal(qualified(view.schema, view.name)), (*sources_of(view), qualified(*view.storage))
    values = [named, texts_array(sources)]
    if types or trust:
        values.append(texts_array(types))
    looks = [f"{qualified(target.stored, 'prove_sources')}({', '.join(values)}{trust})"]
    if reads_parts(texts):
        looks.append(f"{qualified(target.stored, 'prove_calls')}({named}, {texts_array(call_words(texts))}{trust})")
    return f"SELECT {', '.join(looks)}"


def sources_of(view: CompiledView) -> tuple[str, ...]:
    """What the catalog names of the relations and domains that a view's text may name."""
    return tuple(name for name in view.named if not name.endswith(")"))


def prove_code_sql(target: Target, view: CompiledView, allowed: Iterable[str] = ()) -> str:
    """Refuses a stored relation that would run code of somebody whom nobody trusts."""
    function = qualified(target.stored, "prove_code")
    return f"SELECT {function}({literal(view.storage[1])}{_trust(target, allowed)})"


def prove_exposure_sql(target: Target, view: CompiledView, allowed: Iterable[str] = ()) -> str:
    """The same for what readers use."""
    arms = names_array(arm.name for arm in view.exposure.arms)
    values = f"{literal(view.schema)}, {literal(view.name)}, {arms}{_trust(target, allowed)}"
    return f"SELECT {qualified(target.stored, 'prove_exposure')}({values})"


def create_index(
    target: Target, view: CompiledView, index: CompiledIndex, allowed: Iterable[str] = ()
) -> tuple[str, ...]:
    """What makes one index of the stored relation; the expressions of an index are proven before it is made."""
    statement = plain_index(view, index)
    found = expressions(index.definition)
    if not found:
        return (statement,)
    head, template, last = statement.removesuffix(index.definition), "", 0
    for start, end in found:
        template += _format_text(index.definition[last:start]) + "(%s)"
        last = end
    template = _format_text(head) + template + _format_text(index.definition[last:])
    views = [
        f"CREATE OR REPLACE VIEW {qualified(target.stored, f'index_expression_{number}')} AS"
        f" SELECT ({index.definition[start:end]}) AS value FROM {qualified(*view.storage)}"
        for number, (start, end) in enumerate(found, 1)
    ]
    values = f"{literal(view.storage[1])}, {literal(template)}, {len(found)}{_trust(target, allowed)}"
    look = prove_sources_sql(target, view, allowed)  # once more: to fill the relation may have taken hours
    return (look, *views, f"SELECT {qualified(target.stored, 'create_index')}({values})")


def expressions(definition: str) -> list[tuple[int, int]]:
    """Where the expressions of an index stand in its definition: keys in parentheses, and its condition."""
    depth, groups, opened, before = 0, 0, -1, ""
    found: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(definition):
        text = token.group()
        depth += (text == "(") - (text == ")")
        groups += text == "(" and depth == 1
        if text.upper() == "WHERE" and depth == 0:
            return [*found, (token.end() + 1, len(definition))]
        if text == "(" and depth == 2 and groups == 1 and before in ("(", ","):
            opened = token.start()
        if text == ")" and depth == 1 and opened >= 0:
            found.append((opened, token.end()))
            opened = -1
        before = before if _GAP.match(text) else text
    return found


def _format_text(text: str) -> str:
    return text.replace("%", "%%")


def _trust(target: Target, allowed: Iterable[str]) -> str:
    named = tuple(allowed)
    if not named and not target.trusted_roles:
        return ""
    return f", {names_array(target.trusted_roles)}" + (f", {texts_array(named)}" if named else "")
