"""PolicyFile → policies, with named predicates put in place."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mvc.diagnostics import did_you_mean, error, warning
from mvc.model.origin import Origin
from mvc.model.policy import AllOf, AnyOf, Condition, Policy
from mvc.model.reading import SpecReader
from mvc.model.view import Sql
from mvc.source import Document
from mvc.source.words import yaml_text
from mvc.spec import PolicyFile, PolicySpec, UsingSpec

Predicates = Mapping[str, Sql]


def build_predicates(spec: PolicyFile, document: Document, findings: SpecReader) -> dict[str, Sql]:
    """The named predicates of one file."""
    origin = Origin(document, ("predicates",))
    read = {name: findings.sql(text, origin.at(name)) for name, text in spec.predicates.items()}
    return {name: sql for name, sql in read.items() if sql}


def build_policies(
    spec: PolicyFile, document: Document, predicates: Predicates, absent: frozenset[str], findings: SpecReader
) -> list[Policy]:
    """One Policy per policy and view of the file; none of a policy whose views are all absent."""
    origin = Origin(document, ("policies",))
    built = (
        _policy(policy, origin.at(number), predicates, findings)
        for number, policy in enumerate(spec.policies)
        if not absent.issuperset(_views(policy))
    )
    return [policy for policies in built for policy in policies]


def _views(spec: PolicySpec) -> tuple[str, ...]:
    return (spec.view,) if isinstance(spec.view, str) else spec.view


def _policy(spec: PolicySpec, origin: Origin, predicates: Predicates, findings: SpecReader) -> list[Policy]:
    condition = _condition(spec.using, origin.at("using"), predicates, findings)
    if condition is None:
        return []
    roles = (spec.to,) if isinstance(spec.to, str) else spec.to
    for number, role in enumerate(roles):
        if role != "public" and role.lower() == "public":
            title = f"`{role}` in other letters than `public` is a role of that name, and not everybody"
            place = origin.at("to", number) if isinstance(spec.to, tuple) else origin.at("to")
            findings.add(
                warning("MV208", place.span, title, label="not PUBLIC", help="write to: public, or leave `to` out")
            )
        findings.name(role, origin.at("to", number))
    return [
        Policy(
            name=spec.policy,
            view=view,
            roles=() if "public" in roles else tuple(sorted(set(roles))),
            permissive=spec.as_ == "permissive",
            condition=condition,
            description=spec.description,
            origin=origin,
        )
        for view in _views(spec)
    ]


def _condition(
    using: str | bool | UsingSpec,  # noqa: FBT001 - a policy may say `using: true`
    origin: Origin,
    predicates: Predicates,
    findings: SpecReader,
) -> Condition | None:
    if isinstance(using, bool):
        return using
    if isinstance(using, str):
        return findings.sql(using, origin)
    if using.sql is not None:
        return findings.sql(using.sql, origin.at("sql"))
    if using.predicate is not None:
        return _named(using.predicate, origin.at("predicate"), predicates, findings)
    joined = AllOf if using.all is not None else AnyOf
    key = "all" if using.all is not None else "any"
    parts = [
        _part(item, origin.at(key, number), predicates, findings)
        for number, item in enumerate(using.all or using.any or ())
    ]
    return (
        joined(tuple(part for part in parts if part is not None)) if all(part is not None for part in parts) else None
    )


def _part(item: str | UsingSpec, origin: Origin, predicates: Predicates, findings: SpecReader) -> Condition | None:
    return (
        _named(item, origin, predicates, findings)
        if isinstance(item, str)
        else _condition(item, origin, predicates, findings)
    )


def _named(name: str, origin: Origin, predicates: Predicates, findings: SpecReader) -> Sql | None:
    if name not in predicates:
        help_line = did_you_mean(name, predicates, "predicates") or "write it under `predicates:` of a policies file"
        if not re.fullmatch(r"[\w -]+", name):
            help_line = f"write {{sql: {yaml_text(name)}}}, since a text there is the name of a predicate"
        findings.add(error("MV501", origin.span, f"no predicate is named `{name}`", help=help_line))
        return None
    return predicates[name]
