"""The SQL that never varies: ledger, log, grants and refresh, installed into the stored schema and versioned as one thing."""

from __future__ import annotations

from importlib.resources import files

from mvc.quoting import identifier, literal

FILES = ("tables.sql", "access.sql", "refresh.sql")


def runtime_sql(schema: str) -> list[str]:
    """The runtime's statements for a schema of that name; each text may run again without harm."""
    return [_filled(files("mvc.runtime").joinpath(name).read_text(encoding="utf-8"), schema) for name in FILES]


def _filled(text: str, schema: str) -> str:
    """`{schema}` is the schema's name as SQL; as a string constant `'{schema}'` is that SQL, `'{name}'` the bare name."""
    text = text.replace("$$", _dollar_tag(schema))
    text = text.replace("'{schema}'", literal(identifier(schema))).replace("'{name}'", literal(schema))
    return text.replace("{schema}", identifier(schema)).strip()


def _dollar_tag(schema: str) -> str:
    """A dollar quote that the schema's name cannot end."""
    tag = "$$"
    while tag in schema:
        tag = f"${tag.strip('$')}q$"
    return tag
