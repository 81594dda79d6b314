"""The exposure: the view that readers use, with the policies' conditions in it, and who may read it.

Conditions that do not depend on the row are gates, evaluated once. `row condition OR gate` would hide the row condition from
every index, so it becomes two arms of a UNION ALL that exclude each other: all rows through the gate, else the filtered ones.
Each arm is a security barrier view of its own: PostgreSQL (15 to 18) flattens a UNION ALL without regard to the barrier of
the view around it, and a cheap function in a reader's WHERE would then see every row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mvc.analysis.access.predicate import Predicate
from mvc.analysis.access.resolve import Access, ResolvedRestriction, Term
from mvc.analysis.resolved import ResolvedView
from mvc.compiled.view import Arm, Exposure
from mvc.engines.postgres.deploy.naming import arm_names
from mvc.engines.postgres.query.verbatim import operand
from mvc.quoting import identifier, literal, qualified

_FORM: Final = 2  # 1 named roles so that the view failed for every reader once one of them was dropped or renamed


def exposure_of(view: ResolvedView, access: Access, reference: tuple[str, str]) -> Exposure:
    """The exposure's SELECT over the storage, through arms where there are two.

    An arm bears the name of what is stored, which does not depend on the order of the columns; so their order in it does not either.
    """
    names = [column.name for column in view.columns]
    columns, wheres, alias = _listed(names), _arms(access), identifier(view.view.name)
    read = columns if len(wheres) == 1 else _listed(sorted(names))
    arms = [
        f"SELECT\n  {read}\nFROM {qualified(*reference)} AS {alias}" + (f"\nWHERE {_joined(where)}" if where else "")
        for where in wheres
    ]
    form = _FORM if _tells_roles(access) else 1
    if len(arms) == 1:
        return Exposure(arms[0], barrier=bool(access.readers) and not access.unconditional, arms=(), form=form)
    schema, stored = reference
    union = "\nUNION ALL\n".join(f"SELECT\n  {columns}\nFROM {qualified(schema, name)}" for name in arm_names(stored))
    return Exposure(union, barrier=True, arms=tuple(map(Arm, arm_names(stored), arms)), form=form)


def _tells_roles(access: Access) -> bool:
    """Whether some condition asks which role is reading."""
    terms = [*access.terms, *(term for item in access.restrictions for term in item.terms)]
    return any(term.roles for term in terms) or any(item.roles for item in access.restrictions)


def _listed(names: Iterable[str]) -> str:
    return ",\n  ".join(identifier(name) for name in names)


def _joined(conditions: list[str]) -> str:
    return "\n  AND ".join(conditions)


def _arms(access: Access) -> list[list[str]]:
    """The WHERE of each arm, as conditions to be joined by AND."""
    restrictions = [text for item in access.restrictions if (text := _restriction(item))]
    if not access.terms:  # nobody is granted anything, or every policy says `false`
        return [["FALSE"]] if access.readers else [restrictions]
    if any(not (term.roles or term.gates or term.rows) for term in access.terms):
        return [restrictions]
    gates = [term for term in access.terms if not term.rows]
    rows = [term for term in access.terms if term.rows]
    if not rows or not gates:
        return [[_any(gates or rows), *restrictions]]
    gate = _any(gates)
    return [[gate, *restrictions], [_any(rows), f"({gate}) IS NOT TRUE", *restrictions]]


def _restriction(item: ResolvedRestriction) -> str:
    """The condition for those whom it concerns; the others pass."""
    allowed = [_term(term) for term in item.terms]
    if any(not (term.roles or term.gates or term.rows) for term in item.terms):
        return ""
    if item.roles:
        allowed.append(f"NOT {_has_role(item.roles)}")
    return _or(allowed) if allowed else "FALSE"


def _any(terms: Iterable[Term]) -> str:
    return _or([_term(term) for term in terms])


def _or(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"


def _term(term: Term) -> str:
    parts = [_has_role(term.roles)] if term.roles else []
    parts += [_operand(item) for item in (*term.gates, *term.rows)]
    return " AND ".join(parts) if len(parts) == 1 else f"({' AND '.join(parts)})"


def _operand(item: Predicate) -> str:
    return operand(item.expression)


def _has_role(roles: tuple[str, ...]) -> str:
    """Whether the reader has the rights of a role, as row security asks it; evaluated once per statement. Nobody has those of a
    role that does not exist (any more, or on this server yet): `pg_has_role` would raise there, for every reader.

    The types are spelled out, so that no function of that name in another schema is a better match.
    """
    return f"(SELECT {' OR '.join(map(_is_member, roles))})"


def _is_member(role: str) -> str:
    found = f"pg_catalog.to_regrole({literal(identifier(role))}::text)"
    return f"pg_catalog.pg_has_role({found}::oid, 'USAGE'::text) IS TRUE"
