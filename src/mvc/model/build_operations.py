"""The part of `mvc.yml` that speaks of what runs beside the views: the log, who is told, who may look, the project's own names."""

from __future__ import annotations

from collections.abc import Iterator

from mvc.compiled.view import Operations, OwnName
from mvc.diagnostics import error
from mvc.model.build_schedule import read_duration
from mvc.model.origin import Origin
from mvc.model.reading import SpecReader
from mvc.spec import ProjectSpec
from mvc.spec.project import NamesSpec

Placed = tuple[OwnName, Origin]


def build_operations(spec: ProjectSpec, origin: Origin, findings: SpecReader) -> Operations:
    """The settings with durations read and names found usable, each of them once."""
    if spec.notify is not None:
        findings.name(spec.notify, origin.at("notify"))
    named = list(_names(spec.names, spec.schemas.exposed, origin.at("names")))
    seen: set[str] = set()
    for item, place in named:
        findings.name(item.name, place)
        if item.name in seen:
            help_line = "give one of them another name"
            findings.add(error("MV013", place.span, f"the name `{item.name}` is given twice", help=help_line))
        seen.add(item.name)
    keep = read_duration(spec.log.keep, origin.at("log", "keep"), findings)
    names = tuple(item for item, _ in named)
    return Operations(spec.monitor_roles, spec.notify, keep, names, spec.log.changes_mb * 2**20)


def _names(spec: NamesSpec, schema: str, origin: Origin) -> Iterator[Placed]:
    for role in ("refresh_all", "refresh_one", "usage", "status", "log", "partitions"):
        if name := getattr(spec, role):
            yield OwnName(role, schema, name), origin.at(role)
    for name, view in spec.refresh_views.items():
        yield OwnName("refresh_view", schema, name, view), origin.at("refresh_views", name)
