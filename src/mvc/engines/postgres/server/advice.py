"""What would help against what PostgreSQL or a pooler said: text in, text out. Where nothing is known, PostgreSQL's own hint stays."""

from __future__ import annotations

import re
from typing import Final

# What PostgreSQL says in English → what grants it. `{0}` is the object, `{role}` who asked.
_GRANTS: Final = (
    (
        r"permission denied for database (.+)",
        "GRANT CREATE ON DATABASE {0} TO {role}, or have the schema made for it: docs/deploying.md",
    ),
    (
        r"permission denied for schema (.+)",
        "GRANT USAGE, CREATE ON SCHEMA {0} TO {role} (CREATE only where views are exposed)",
    ),
    (r"permission denied for (?:table|view|materialized view|foreign table) (.+)", "GRANT SELECT ON {0} TO {role}"),
    (r"no right to put triggers on (.+)", "GRANT TRIGGER ON {0} TO {role}"),
    (r"permission denied for function (.+)", "GRANT EXECUTE ON FUNCTION {0} TO {role}"),
    (r"permission denied for procedure (.+)", "GRANT EXECUTE ON PROCEDURE {0} TO {role}"),
    (r"permission denied for type (.+)", "GRANT USAGE ON TYPE {0} TO {role}"),
    (r'permission denied to set role "(.+)"', "GRANT {0} TO {role}"),
    (r'must be able to SET ROLE "(.+)"', "GRANT {0} TO {role}"),
    (r'must be member of role "(.+)"', "GRANT {0} TO {role}"),
    (  # a rule of whoever owned a view until now would run with the rights of its new owner
        r"must be owner of view (.+)",
        "DROP VIEW {0}, and mvc apply makes it anew; or, where nobody whom you do not trust has owned it, ALTER VIEW {0} OWNER TO {role}",
    ),
    (
        r"must be owner of (?:table|materialized view|index|relation) (.+)",
        "let {role} own it: ALTER … {0} OWNER TO {role}",
    ),
)

_KNOWN: Final = (
    (
        r'query would be affected by row-level security policy for table "(.+)"',
        "{role} would store only the rows that it may see. Let it see all: ALTER ROLE {role} BYPASSRLS",
    ),
    (r"cannot set transaction read-write mode during recovery", "this server is a standby: connect to the primary"),
    (r"cannot execute .+ in a read-only transaction", "this server or role only reads: connect to the primary"),
    (r"canceling statement due to statement timeout", "give it longer: --timeout SECONDS"),
    (
        r"query_wait_timeout",
        "a deployment needs two connections at once: let the pooler have more, or connect to the server",
    ),
    (
        r"transaction blocks not allowed in statement pooling mode",
        "use a pool in transaction or session mode, or connect to the server",
    ),
    (
        r'prepared statement ".+" (?:does not exist|already exists)',
        "behind a pooler, connect with prepare_threshold=None",
    ),
    (
        r"unsupported startup parameter",
        "the pooler does not take libpq's options: leave them out of the URL, or connect to the server",
    ),
    (
        r"remaining connection slots are reserved|too many connections|too many clients",
        "a deployment needs two connections at once",
    ),
    (r"No space left on device", "make room; what readers use is untouched, and the next mvc apply goes on"),
)

DENIED: Final = "42501"


def advice(sqlstate: str, message: str, role: str = "") -> str:
    """What would help, or an empty text. `role` is who asked."""
    for pattern, text in (*_GRANTS, *_KNOWN):
        if found := re.search(pattern, message):
            return text.format(*found.groups(), role=role or "the role that deploys")
    if sqlstate == DENIED:
        return f"{role or 'the role that deploys'} lacks a privilege: docs/deploying.md lists those it needs"
    return ""
