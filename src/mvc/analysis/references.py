"""References between files: policies, schedules and functions name views that exist, and nothing takes a base table's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from mvc.analysis.names.former_names import called_now, check_former_names
from mvc.catalog.extensions import meant
from mvc.compiled.called import shared
from mvc.diagnostics import Diagnostic, Findings, did_you_mean, error
from mvc.model.policy import Policy
from mvc.model.project import Project
from mvc.model.schedule import Schedule
from mvc.model.view import View


def check_references(project: Project, found: Findings) -> None:
    """Findings for policies, schedules and functions of unknown views, and for names that are taken."""
    there = {view.called for view in project.views} | project.broken | project.absent
    names = there | shared(
        (view.schema, view.name) for view in (*project.views, *project.drafts)
    )  # of these there are findings
    for policy in project.policies:
        if policy.view not in names:
            near = called_now(policy.view, project.views) or did_you_mean(policy.view, names, "views")
            title = f"no view of the project is named `{policy.view}`"
            found.add(error("MV205", policy.origin.at("view").span, title, label="unknown view", help=near))
    found.extend(item for schedule in project.schedules for item in _check_selectors(schedule, project, names))
    found.extend(_twice(project.policies))
    found.extend(_check_own_names(project, names))
    found.extend(check_former_names(project, there))
    for view in project.views:
        found += (*_check_dot(view), *_check_extensions(view))
        relation = project.catalog.relation(view.name, view.schema)
        if relation is not None and relation.kind != "view":
            title = f"`{view.schema}.{view.name}` is a {relation.kind} of the database already"
            found.add(
                error(
                    "MV207",
                    view.origin.at("view").span,
                    title,
                    label="taken",
                    help="give the view another name or schema",
                )
            )
        if view.schema == project.settings.stored:
            title = f"the schema `{view.schema}` holds the storage: readers have no right on it"
            found.add(error("MV207", view.origin.at("schema").span, title, help="expose the view in another schema"))


def _twice(policies: Iterable[Policy]) -> Iterator[Diagnostic]:
    """Findings for policies of a view that have one name: one of the two is a slip, and a review could not tell them apart."""
    seen: dict[tuple[str, str], Policy] = {}
    for policy in policies:
        first = seen.setdefault((policy.view, policy.name), policy)
        if first is not policy:
            title = f"the policy `{policy.name}` of `{policy.view}` is defined in {first.origin.document.path} already"
            span = policy.origin.at("policy").span
            yield error("MV013", span, title, label="a second time", help="give one of them another name")


def _check_dot(view: View) -> Iterator[Diagnostic]:
    """A finding for a name that looks as if it had its schema before it. Other names may have a dot."""
    schema, dot, name = view.name.rpartition(".")
    if not (dot and schema.isidentifier() and name.isidentifier()):
        return
    title = f"`{view.name}` would be one name with a dot in it, in the schema `{view.schema}`"
    help_line = f"write view: {name} and schema: {schema}"
    yield error("MV208", view.origin.at("view").span, title, label="a name with a dot", help=help_line)


def _check_extensions(view: View) -> Iterator[Diagnostic]:
    """Findings for extensions that are nearly the name of one that there is."""
    for number, name in enumerate(view.requires):
        if meant(name):
            title = f"no extension is named `{name}`, so the view could be created nowhere"
            span = view.origin.at("requires", number).span
            yield error("MV217", span, title, label="unknown extension", help=meant(name))


def _check_own_names(project: Project, names: AbstractSet[str]) -> Iterator[Diagnostic]:
    """Findings for names of the project's own that refresh no view, or are a view's or a table's."""
    origin = project.settings.origin.at("names")
    for item in project.settings.operations.names:
        if item.role == "refresh_view" and item.view not in names:
            near = did_you_mean(item.view, names, "views")
            title = f"no view of the project is named `{item.view}`"
            yield error("MV205", origin.at("refresh_views", item.name).span, title, label="unknown view", help=near)
        relation = project.catalog.relation(item.name, item.schema)
        if item.role in ("status", "log") and (item.name in names or (relation and relation.kind != "view")):
            title = f"`{item.schema}.{item.name}` is a view of the project or a table already"
            yield error("MV207", origin.at(item.role).span, title, label="taken", help="give it another name")


def _check_selectors(schedule: Schedule, project: Project, names: AbstractSet[str]) -> Iterator[Diagnostic]:
    """Findings for selectors that select nothing; a tag may be that of a view that is not here."""
    tags = {tag for view in project.views for tag in view.tags}
    known = project.complete and not project.absent
    for number, selector in enumerate(schedule.selectors):
        span = schedule.origin.at("refresh", number).span
        if selector.kind == "name" and selector.value not in names:
            near = called_now(selector.value, project.views) or did_you_mean(selector.value, names, "views")
            if "," in selector.value:
                near = f"write refresh: [{', '.join(part.strip() for part in selector.value.split(','))}]"
            if selector.value in ("*", "**"):
                near = "write refresh: all"
            title = f"no view of the project is named `{selector.value}`"
            yield error("MV601", span, title, label="unknown view", help=near)
        elif selector.kind == "tag" and selector.value not in tags and known:
            near = did_you_mean(selector.value, tags, "tags")
            yield error("MV601", span, f"no view has the tag `{selector.value}`", label="unknown tag", help=near)
