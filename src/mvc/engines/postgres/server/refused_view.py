"""What a server refuses of a view's SQL, as a finding at the place in the YAML that it is about: for a check and for a deployment alike."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mvc.compiled.project import Compiled
from mvc.diagnostics import Diagnostic, ProjectError, error
from mvc.engines.postgres.server.errors import ServerRefusal, StatementRefused
from mvc.model.places import place_of
from mvc.model.policy import Policy
from mvc.model.project import Project
from mvc.model.view import View
from mvc.pipeline.load import load_files
from mvc.quoting import qualified


def refused_view(
    view: View, policies: Iterable[Policy], statement: str, said: ServerRefusal, help_lines: tuple[str, ...]
) -> Diagnostic:
    """The server's own words, at what they are about in the spec of the view or of its policies."""
    span = place_of(view, policies, said.query or statement, said.position)
    return error("MV801", span, f"PostgreSQL refuses this view: {said.message}", label="here", help=help_lines)


def _looked_up(said: ServerRefusal, project: Project) -> str:
    """What helps against a name of the catalog that is not found in a text which a function runs."""
    name = re.match(r'relation "(\w+)" does not exist', said.message) if said.query else None
    found = project.catalog.relation(name[1]) if name else None
    if found is None:
        return ""
    return f"a text that a function runs is not looked up along the project's search path: write {qualified(found.schema, found.name)}"


def placed(problem: StatementRefused, compiled: Compiled) -> StatementRefused:
    """The same refusal with its place, where it is of a view whose spec is at hand. Of views that are switched together, it is the one in whose
    spec a place is found.
    """
    if not problem.views or compiled.files is None:
        return problem
    try:
        project = load_files(compiled.files).project()
    except ProjectError:  # somebody edits mvc.yml meanwhile
        return problem
    said = problem.refusal
    lines = (_looked_up(said, project), said.detail, problem.hint, f"SQLSTATE {said.sqlstate}")
    help_lines = tuple(dict.fromkeys(filter(None, lines)))
    found = [
        refused_view(view, project.policies, problem.statement, said, help_lines)
        for view in project.views
        if view.called in problem.views
    ]
    names = {view.origin.at("view").span for view in project.views}
    exact = (item for item in found if item.span not in names)
    problem.diagnostic = next(exact, found[0] if found else None)
    return problem
