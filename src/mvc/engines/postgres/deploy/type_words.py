"""The words of SQL text that may name a type which is not PostgreSQL's own: a constant of it becomes a value while the text is parsed.

Some words too many are named (an alias, a function of a constant), which does no harm: what is no type is not looked at. None is left out: a type
stands after `::`, after AS in a CAST, before a constant, alone or in parentheses, after RETURNING, and after the name of a column that is
declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mvc.catalog.keywords import FUNCTIONS_AND_TYPES, RESERVED
from mvc.engines.postgres.deploy.words import Token, end_of_name, tokens, unquoted
from mvc.quoting import identifier, qualified

# PostgreSQL's own names of types are looked up first, whoever made others.
OWN_TYPES: Final = frozenset(
    """
    int int2 int4 int8 smallint integer bigint numeric decimal dec real float float4 float8 double money bool
    boolean text varchar character char bpchar nchar national name bytea bit varbit date time timetz timestamp
    timestamptz interval uuid json jsonb jsonpath xml inet cidr macaddr macaddr8 point line lseg box path polygon
    circle tsvector tsquery oid regclass regproc regprocedure regtype regrole regnamespace regconfig int4range
    int8range numrange daterange tsrange tstzrange pg_lsn pg_snapshot xid8
    """.split()
)
_BEFORE_CONSTANTS: Final = frozenset(
    """
    setof by at between over filter within nulls zone precision
    """.split()
)
_NO_TYPES: Final = RESERVED | FUNCTIONS_AND_TYPES | OWN_TYPES | _BEFORE_CONSTANTS
_CASTS: Final = frozenset({"cast", "treat", "xmlserialize"})


def type_words(texts: Iterable[str]) -> tuple[str, ...]:
    """The names, each once and quoted where it has to be, in the order of the alphabet."""
    return tuple(sorted({name for text in texts for name in _types_in(tokens(text))}))


def _types_in(found: list[Token]) -> Iterator[str]:
    opened: list[str] = []
    for place, (kind, text) in enumerate(found):
        if text == "(":
            opened.append(found[place - 1][1])
        elif text == ")" and opened:
            opened.pop()
        if kind == "name" and found[place - 1][1] != ".":
            after = end_of_name(found, place)
            parts = [unquoted(text) for _, text in found[place:after:2]]
            is_own = parts[0] == "pg_catalog" or (len(parts) == 1 and parts[0] in _NO_TYPES)
            if not is_own and (_follows_type(found, after) or _precedes_type(found, place, opened)):
                yield qualified(*parts[-2:]) if len(parts) > 1 else identifier(parts[0])


def _precedes_type(found: list[Token], place: int, opened: list[str]) -> bool:
    """Whether what stands before says that a type comes."""
    (kind, before), (_, further) = found[place - 1], found[place - 2]
    if before == "as":
        return bool(opened) and opened[-1] in _CASTS
    return before in ("::", "returning") or (kind == "name" and before not in RESERVED and further in ("(", ","))


def _follows_type(found: list[Token], after: int) -> bool:
    """Whether what follows says that it was a type: a constant, with a modifier before it or in parentheses of its own."""
    if found[after][0] == "constant":
        return True
    if found[after][1] != "(":
        return False
    if found[after + 1][0] == "constant" and found[after + 2][1] == ")":
        return True
    end = next((n for n in range(after, min(after + 8, len(found) - 1)) if found[n][1] == ")"), after)
    return found[end + 1][0] == "constant"
