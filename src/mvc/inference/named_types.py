"""The type that a name means where an author writes one: `int8`, `timestamptz(3)[]`, `crm.stage`. What other databases call a type."""

from __future__ import annotations

from typing import Final

from mvc.catalog.extensions import extensions
from mvc.catalog.foreign_types import ELSEWHERE, SHOWN
from mvc.catalog.operators import builtin_types
from mvc.diagnostics import did_you_mean
from mvc.inference.site import TypedText, location_of
from mvc.inference.world import UNKNOWN, World
from mvc.sql.parser import Node

# Those that may have a length, a precision or fields after their name; elsewhere PostgreSQL allows none.
_WITH_LENGTH: Final = frozenset(
    [
        *("numeric", "character varying", "character", "bit", "bit varying", "interval"),
        *("time without time zone", "time with time zone", "timestamp without time zone", "timestamp with time zone"),
    ]
)


def named_type(node: Node, text: TypedText) -> str | None:
    """The type as `format_type()` spells it, without its modifier; None where it is not known, with a finding where there is none."""
    names = [item["String"].get("sval", "") for item in node.get("names", [])]
    if not names:
        return None
    found = _spelled(names, text.world)
    if found is None:
        report = _report_cast if len(names) > 1 and names[-2] in builtin_types().names else _report
        report(names, node, text)
        return None
    if len(names) > 2:
        title = f"no type is named `{'.'.join(names)}`: a type has a schema before its name, and nothing before that"
        text.report(
            "MV120",
            node["location"],
            title,
            label="unknown type",
            help="a cast stands behind the whole name: o.id::text",
        )
        return None
    if any(_is_no_length(item, known=found in builtin_types().types) for item in node.get("typmods", ())):
        title = f"the length of {names[-1]} is no number"
        text.report("MV120", node["location"], title, label="with a length", help="a length is a number: varchar(20)")
    elif node.get("typmods") and found in builtin_types().types and found not in _WITH_LENGTH:
        title = f"the type {found} has no length"
        help_line = f"write varchar({_first(node)})" if found == "text" else f"write `{names[-1]}` alone"
        text.report("MV120", node["location"], title, label="with a length", help=help_line)
    return found + "[]" if node.get("arrayBounds") and found else found or None


def _is_no_length(node: Node, *, known: bool) -> bool:
    """Whether a modifier is none: of PostgreSQL's own types only numbers are, a word may be one of those of extensions."""
    constant = node.get("A_Const")
    if constant is None:
        return known or "ColumnRef" not in node
    return not constant.keys() & ({"ival"} if known else {"ival", "fval"})


def check_row(inner: Node, source: str | None, text: TypedText) -> None:
    """A text that is cast to the rows of a table or of a composite type is written `(a,b)`: `t'.d'` is such a cast, and mostly a slip."""
    names = [item["String"].get("sval", "") for item in inner["typeName"].get("names", [])]
    literal = inner["arg"].get("A_Const", {}).get("sval")
    schema, name = names[-2] if len(names) > 1 else None, names[-1] if names else ""
    catalog = text.world.catalog
    of_rows = catalog.relation(name, schema) or any(item.name == name for item in catalog.composites)
    if source != UNKNOWN or literal is None or not of_rows or inner["typeName"].get("arrayBounds"):
        return
    written = literal.get("sval", "")
    if not written.lstrip().startswith("("):
        title = f"'{written[:40]}' is no row of `{name}`"
        help_line = f"rows are written '(1,text)'; a column of it is {name}.column"
        text.report("MV121", location_of(inner["arg"]), title, label="no such value", help=help_line)


def check_collation(inner: Node, text: TypedText) -> None:
    """`COLLATE t.name`: behind it stands the name of a collation, with its schema."""
    names = [item["String"].get("sval", "") for item in inner["collname"]]
    catalog = text.world.catalog
    schemas = {item.schema for item in catalog.relations} | {item.schema for item in catalog.functions}
    if len(names) == 1 and names[0] in text.columns:
        title = f"`{names[0]}` is a column, and COLLATE takes the name of a collation"
        text.report("MV120", inner["location"], title, label="no collation", help='write its name, e.g. COLLATE "C"')
    if len(names) < 2 or names[-2] in ("pg_catalog", *schemas, *catalog.search_path):
        return
    title = f"`{'.'.join(names)}` is no collation: the catalog has no schema `{names[-2]}`"
    text.report("MV120", inner["location"], title, label="no collation", help='write its name, e.g. COLLATE "C"')


def _first(node: Node) -> str:
    return str(node["typmods"][0].get("A_Const", {}).get("ival", {}).get("ival", "n"))


def _spelled(names: list[str], world: World) -> str | None:
    """Empty where there is such a type and nothing else is known of it; None where there is none."""
    schema, name = names[-2] if len(names) > 1 else "", names[-1]
    if schema in ("", "pg_catalog") and name in builtin_types().names:
        return builtin_types().names[name].spelled
    whole = f"{schema}.{name}" if schema else name
    if whole in world.enums:
        return f"{world.enums[whole].schema}.{world.enums[whole].name}"
    if whole in world.domains:
        return f"{world.domains[whole].schema}.{world.domains[whole].name}"
    if whole in world.catalog.other_types or world.catalog.ranges or not world.knows_all_types:
        return ""  # a range brings a multirange, of whatever name
    theirs = {its for item in world.extensions & extensions().keys() for its in extensions()[item].types}
    if schema in builtin_types().names and not any(item.schema == schema for item in world.catalog.relations):
        return None
    elsewhere = schema not in ("", "pg_catalog", *world.catalog.search_path)  # DDL need not have all schemas
    return "" if name in theirs or elsewhere else None


def _report(names: list[str], node: Node, text: TypedText) -> None:
    name = names[-1]
    title = f"no type is named `{name}`"
    text.report("MV120", node["location"], title, label="unknown type", help=_meant(name, text.world))


def _report_cast(names: list[str], node: Node, text: TypedText) -> None:
    """`t::uuid.id`: the cast was put in the middle of a column's name."""
    at = text.character(node["location"])
    before = [item.text for item in text.lexemes if item.end <= at]
    named = before[-2] if before[-1:] == ["::"] and len(before) > 1 else "x"
    title = f"no type is named `{names[-2]}.{names[-1]}`: a cast stands behind the whole name"
    text.report("MV120", node["location"], title, label="unknown type", help=f"write {named}.{names[-1]}::{names[-2]}")


def _meant(name: str, world: World) -> str:
    if name in ELSEWHERE:
        return f"write `{ELSEWHERE[name]}`"
    extension = next((item for item, its in extensions().items() if name in its.types), None)
    if extension:
        return f"the extension {extension} has it: `requires: [{extension}]`"
    known = [item for item in (*builtin_types().names, *SHOWN) if not item.startswith(("_", "pg_", "reg", "any"))]
    near = did_you_mean(name, [*known, *world.enums, *world.domains], "types")
    return near.split(" (")[0] if near.startswith("did you mean") else "`\\dT` in psql lists the types of a database"
