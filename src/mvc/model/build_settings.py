"""ProjectSpec → the settings of a project."""

from __future__ import annotations

from mvc.diagnostics import Diagnostic, error
from mvc.model.build_operations import build_operations
from mvc.model.cadence import zone_mend
from mvc.model.cron import zone_problem
from mvc.model.origin import Origin
from mvc.model.project import Settings
from mvc.model.reading import SpecReader
from mvc.quoting import unusable
from mvc.source import Document
from mvc.spec import ProjectSpec


def _before_their_own(schema: str, origin: Origin) -> Diagnostic:
    """A path that puts what others can create before what is PostgreSQL's."""
    if schema == "pg_temp":
        return error(
            "MV014", origin.span, "`pg_temp` is looked at last, and nowhere else", help="take it out of search_path"
        )
    title = "`pg_catalog` behind another schema: whoever may create something there could replace PostgreSQL's own"
    return error("MV014", origin.span, title, help="take it out of search_path: it is looked at first")


def build_settings(spec: ProjectSpec, document: Document, findings: SpecReader) -> Settings:
    """What `mvc.yml` says."""
    origin = Origin(document)
    if problem := zone_problem(spec.timezone):
        findings.add(error("MV602", origin.at("timezone").span, problem, help=zone_mend(spec.timezone)))
    for key, value in (("exposed", spec.schemas.exposed), ("stored", spec.schemas.stored)):
        findings.name(value, origin.at("schemas", key))
        if value.startswith("pg_"):
            title = f"PostgreSQL keeps names such as `{value}` for schemas of its own"
            mend = f"write {key}: {value.removeprefix('pg_') or 'mvc'}"
            findings.add(error("MV208", origin.at("schemas", key).span, title, label="begins with pg_", help=mend))
    for number, value in enumerate(spec.search_path):
        findings.name(value, origin.at("search_path", number))
        if value == "pg_temp" or (value == "pg_catalog" and number > 0):
            findings.add(_before_their_own(value, origin.at("search_path", number)))
    if spec.schemas.exposed == spec.schemas.stored:
        title = "`exposed` and `stored` must be two schemas: only one is for readers"
        findings.add(error("MV012", origin.at("schemas").key_span, title))
    return Settings(
        project=spec.project,
        version=spec.version,
        exposed=spec.schemas.exposed,
        stored=spec.schemas.stored,
        search_path=tuple(name for name in spec.search_path if not unusable(name)),
        timezone=spec.timezone,
        refresh_roles=spec.refresh_roles,
        trusted_roles=spec.trusted_roles,
        operations=build_operations(spec, origin, findings),
        origin=origin,
    )
