"""MV430: a policy calls a function whose body reads relations by names that mean something else to each reader.

A policy runs in the reader's session. There a temporary table comes before all others, and where the function sets no path, so does whatever the
reader's own path names first: a reader could say himself what the rule finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mvc.analysis.names.functions import Functions
from mvc.diagnostics import Diagnostic, warning
from mvc.expression import Call
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.view import Sql
from mvc.quoting import identifier

CODE: Final = "MV430"


def lint_late_names(policy: Policy, functions: Functions) -> Iterator[Diagnostic]:
    """The findings in a policy, one for each call."""
    for sql in _texts(policy.condition):
        for call in sql.expression.calls:
            if read := _read_late(call, functions):
                title = f"the policy `{policy.name}` asks `{call.name}`, which reads `{read}` by its name alone: to a reader with a temporary table of that name it is that one"
                help_line = f"have the function say what it means: SET search_path = {_path(call, functions)}, pg_temp"
                span = sql.origin.part(call.start, call.close + 1)
                yield warning(CODE, span, title, label="means what the reader says", help=help_line)


def _texts(condition: Condition) -> Iterator[Sql]:
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _texts(part)
    elif isinstance(condition, Sql):
        yield condition


def _read_late(call: Call, functions: Functions) -> str:
    """The first relation of the catalog that every function which can be meant reads by its name alone; empty where there is none."""
    meant = [function for function in functions.overloads(call) if function.takes(call.count)]
    if not meant:
        return ""
    names = set.intersection(*(set(function.late) for function in meant))
    known = {item.name for item in functions.catalog.relations}
    return min(names & known, default="")


def _path(call: Call, functions: Functions) -> str:
    """The schemas of the relations that are read."""
    read = {name for function in functions.overloads(call) for name in function.late}
    schemas = {item.schema for item in functions.catalog.relations if item.name in read}
    return ", ".join(map(identifier, sorted(schemas)))
