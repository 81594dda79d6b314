"""Which key words PostgreSQL keeps for itself: none of them can be a column without quotes. Rule source: appendix C, 15 to 18."""

from __future__ import annotations

from typing import Final

RESERVED: Final = frozenset(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
    current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc
    distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral
    leading limit localtime localtimestamp not null offset on only or order placing primary references returning
    select session_user some symmetric system_user table then to trailing true union unique user using variadic when
    where window with
    """.split()
)
FUNCTIONS_AND_TYPES: Final = frozenset(  # may name a function or a type, and no column
    """
    authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left
    like natural notnull outer overlaps right similar tablesample verbose
    """.split()
)
VALUES: Final = frozenset(  # stand for a value by themselves
    """
    current_catalog current_date current_role current_schema current_time current_timestamp current_user false
    localtime localtimestamp null session_user system_user true user
    """.split()
)
