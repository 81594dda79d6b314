"""Operators that extensions bring, by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Operators that extensions have for PostgreSQL's own types; on their own types, of which nothing is known here, they have many more.
FOR_BUILTIN_TYPES: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    "pg_trgm": (frozenset(["%", "<%", "%>", "<<%", "%>>", "<->", "<->>", "<<->", "<<<->", "<->>>"]), frozenset({"S"})),
    "intarray": (frozenset(["#", "&", "|", "+", "-", "@@", "~~", "@", "~"]), frozenset({"A"})),
    "btree_gist": (frozenset({"<->"}), frozenset("NDT")),
}
OF_EXTENSIONS: Final = frozenset(
    """
    ? ?& ?| ?~ ?@> ?<@ @@ ~@ #= %% %# <#> <=> <+> <~> <%> ~= |>> <<| &<| |&> ~> ~@@ @-@
    """.split()
)
