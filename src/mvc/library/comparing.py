"""`mvc diff` as a function: two compiled projects, or what a database has and one."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from mvc.comparison.compare import compare
from mvc.comparison.difference import Difference
from mvc.compiled.project import Compiled

if TYPE_CHECKING:
    import psycopg

    from mvc.engines.postgres.server.deployed import DatabaseDifference


@overload
def diff(before: Compiled, after: Compiled) -> Difference: ...
@overload
def diff(before: psycopg.Connection, after: Compiled) -> DatabaseDifference: ...
def diff(before: Compiled | psycopg.Connection, after: Compiled) -> Difference:
    """What changed from one compiled project to another, by meaning, with what it does to those who use the views.

    With a connection for `before`, from what is deployed there; then the result also says what drifted, what reads the views from outside,
    and what is to be built anew. Writes nothing. Raises ServerError.
    """
    if isinstance(before, Compiled):
        return compare(before, after)
    from mvc.engines.postgres.server.deployed import diff_deployed  # noqa: PLC0415 - an extra

    return diff_deployed(before, after)
