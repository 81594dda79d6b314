"""`mvc check` as a function: all findings of a run, be they of the compiler, of a server, or of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mvc.diagnostics import Diagnostic, ProjectError

if TYPE_CHECKING:
    import psycopg

    from mvc.compiled.project import Compiled
    from mvc.model.project import Project

EMBEDDED: Final = "embedded"  # a server of our own, which ends with the check


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `compiled` is None where errors stopped the compile; `server` is the PostgreSQL major that took every
    statement, None where none was asked.
    """

    project: Project
    diagnostics: tuple[Diagnostic, ...]
    compiled: Compiled | None
    server: int | None = None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings that stop a compile or a deployment."""
        return tuple(item for item in self.diagnostics if item.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """The findings that a spec may accept with a reason."""
        return tuple(item for item in self.diagnostics if item.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.errors


def check(project: Project, *, server: str | None = None, data: psycopg.Connection | None = None) -> Checked:
    """Every finding of a project; it raises none of them.

    `server` has a real PostgreSQL take every statement, in a place made for it of which nothing stays: `"embedded"`, or the URL of one.
    `data` is a connection in autocommit mode on which the claims that no key proves are held against the rows; nothing is changed there.
    A project that does not compile is not asked further. Raises ServerError, and ModuleNotFoundError without the extra that it needs.
    """
    from mvc.pipeline.compile import compile_project  # noqa: PLC0415 - what was compiled before needs it not

    try:
        compiled = compile_project(project)
    except ProjectError as problem:
        return Checked(project, problem.diagnostics, None)
    return check_compiled(project, compiled, server=server, data=data)


def check_compiled(
    project: Project, compiled: Compiled, *, server: str | None = None, data: psycopg.Connection | None = None
) -> Checked:
    """The same for a project that was compiled already."""
    found, major = compiled.diagnostics, None
    if server is not None:
        said, major = _on_server(project, compiled, None if server == EMBEDDED else server)
        found += said
    if data is not None:
        from mvc.engines.postgres.server.data_check import check_data  # noqa: PLC0415 - an extra

        found += check_data(data, project, compiled)
    return Checked(project, found, compiled, major)


def _on_server(project: Project, compiled: Compiled, url: str | None) -> tuple[tuple[Diagnostic, ...], int]:
    from mvc.engines.postgres.server.server_check import check_on_server, scratch_connection  # noqa: PLC0415 - an extra

    with scratch_connection(url) as connection:
        return check_on_server(connection, project, compiled), connection.info.server_version // 10_000
