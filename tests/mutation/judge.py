"""What `check` says of a changed project, and what a server says of the same: of the whole where it is accepted, of the text where it is refused."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import psycopg

from mvc.catalog.script import catalog_statements
from mvc.catalog.types import Catalog
from mvc.compiled.project import Compiled
from mvc.diagnostics import Diagnostic, ProjectError
from mvc.engines.postgres.deploy.script import settings_sql
from mvc.engines.postgres.server.confinement import Confined, confined
from mvc.engines.postgres.server.server_check import Limits, _Proof, _roles, _schemas
from mvc.model.project import Project
from mvc.pipeline.compile import compile_project
from mvc.pipeline.load import load_files

from .exceptions import why_unknown
from .probes import probe
from .specs import Place

LIMITS: Final = Limits(statement=5, view=20, whole=3600)


@dataclass(frozen=True)
class Judged:
    """A changed text in its place; `project` and `compiled` where `check` accepts it, else what it refuses, or the traceback of a crash."""

    place: Place
    text: str
    project: Project | None = None
    compiled: Compiled | None = None
    refusals: tuple[Diagnostic, ...] = ()
    crash: str = ""

    @property
    def catalog(self) -> tuple[str, ...]:
        """The statements that make its tables."""
        project = self.project or self.place.spec.project
        return catalog_statements(project.catalog)

    @property
    def extensions(self) -> tuple[str, ...]:
        project = self.project or self.place.spec.project
        wanted = {extension for view in project.views for extension in view.requires}
        return tuple(sorted(wanted | set(project.catalog.extensions)))


def judge(place: Place, text: str) -> Judged:
    """As `mvc check` has it."""
    try:
        project = load_files(place.changed(text), place.spec.absent).project()
        return Judged(place, text, project, compile_project(project))
    except ProjectError as problem:
        errors = tuple(item for item in problem.diagnostics if item.severity == "error")
        return Judged(place, text, refusals=errors)
    except Exception:  # noqa: BLE001  that there is none is what is tested
        return Judged(place, text, crash=traceback.format_exc())


@dataclass(frozen=True)
class Verdict:
    """What the server says against what `check` says: nothing where they agree."""

    judged: Judged
    said: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # what the server says of the project as it was

    @property
    def reason(self) -> str:
        """Why it is no fault of `check` that it accepts this; empty where it may be one."""
        if self.before and self.said:
            return "the project as it was has what only its own database has"
        if self.judged.place.spec.project.catalog.operators:
            return "with operators or casts of somebody's own, types are left to a server"
        if self.said and self.said[0].startswith("tables:"):
            return "tables that no database can have"
        return next((why for line in self.said if (why := why_unknown(line))), "")

    def lines(self) -> Iterator[str]:
        """Where the text stands, what it was, what it became, what was said of it."""
        place = self.judged.place
        yield f"{place.path}:{'.'.join(map(str, place.keys))}"
        yield f"  {place.text!r}"
        yield f"  {self.judged.text!r}"
        yield from (f"    {line}" for line in self.said)


def accepted_on_server(connection: psycopg.Connection, accepted: Sequence[Judged]) -> Iterator[Verdict]:
    """What `check --server` finds in each: the same code, in one room for all, with one runtime for all."""
    for room, base, refusal, group in _rooms(connection, accepted):
        if refusal:
            yield from (Verdict(judged, (f"tables: {refusal}",)) for judged in group)
            continue
        for judged in group:
            assert judged.project
            assert judged.compiled
            said = _said(room, judged.project, judged.compiled, base)
            spec = judged.place.spec
            before = _said(room, spec.project, spec.compiled, base) if said and judged.place.keys else ()
            yield Verdict(judged, said, before)


def _said(room: Confined, project: Project, compiled: Compiled, base: _Proof) -> tuple[str, ...]:
    proof = _Proof(room, project, compiled, LIMITS, base.deadline)
    with room.connection.transaction(force_rollback=True):
        proof._send((*settings_sql(compiled), *_schemas(compiled)))
        told = (item for item in proof.findings() if item.severity == "error" or item.code == "MV803")
        return tuple(f"{item.code} {item.title}" for item in told)


def refused_on_server(connection: psycopg.Connection, refused: Sequence[Judged]) -> Iterator[Verdict]:
    """Texts that `check` refuses and the server plans, each with what `check` said."""
    for room, _, refusal, group in _rooms(connection, refused):
        for judged in () if refusal else group:
            statement = probe(judged.place, judged.text)
            if statement and _plans(room, statement):
                yield Verdict(judged, tuple(f"{item.code} {item.title}" for item in judged.refusals))


def _plans(room: Confined, statement: str) -> bool:
    try:
        with room.connection.transaction(force_rollback=True):
            room.connection.execute(f"EXPLAIN (COSTS off) {statement}".encode(), binary=True)
    except psycopg.Error:
        return False
    return True


def _rooms(
    connection: psycopg.Connection, items: Iterable[Judged]
) -> Iterator[tuple[Confined, _Proof, str, list[Judged]]]:
    """Those with the same tables, and where these tables are."""
    ordered = sorted(items, key=lambda item: (item.extensions, item.catalog))
    roles = frozenset(role for item in ordered for role in _roles(item.compiled or item.place.spec.compiled))
    for extensions, alike in groupby(ordered, key=lambda item: item.extensions):
        with confined(connection, roles, extensions, LIMITS.statement) as room:
            yield from _with_tables(room, list(alike))


def _with_tables(room: Confined, alike: list[Judged]) -> Iterator[tuple[Confined, _Proof, str, list[Judged]]]:
    spec = alike[0].place.spec
    proof = _Proof(room, _without_tables(spec.project), spec.compiled, LIMITS, _far())
    proof.prepare()
    for statements, group in groupby(alike, key=lambda item: item.catalog):
        with room.connection.transaction(force_rollback=True):
            yield room, proof, _refusal_of_tables(proof, statements), list(group)


def _refusal_of_tables(proof: _Proof, statements: Iterable[str]) -> str:
    """Why the server does not make them; empty where it does."""
    try:
        with proof.room.connection.transaction():
            proof._send(statements)
    except psycopg.Error as problem:
        return str(problem.diag.message_primary)
    return ""


def _far() -> float:
    return time.monotonic() + LIMITS.whole


def _without_tables(project: Project) -> Project:
    return replace(project, catalog=Catalog())
