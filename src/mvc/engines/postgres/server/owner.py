"""In whose name a deployment works: the owner of the stored schema owns all that is made, whoever deploys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from mvc.compiled.view import Target
from mvc.engines.postgres.server.errors import Denied, ServerError
from mvc.engines.postgres.server.limits import own_limits
from mvc.engines.postgres.server.search_path import own_path
from mvc.quoting import identifier

# What makes a role able to do what another can. Since PostgreSQL 16 a membership may give neither its rights nor its name, and be none.
AS_ANOTHER: Final = """CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 160000
  THEN 'USAGE, SET, MEMBER WITH ADMIN OPTION' ELSE 'MEMBER' END"""
# Whoever owns a schema can put functions, views and triggers there that do anything with the rights of who meets them; taking
# on its role does not help, since they may go back to the session's. A superuser must say that they trust it, by becoming a member: a
# member that another superuser made. Whoever has made a role, or has its ADMIN OPTION, can give it to anybody. Where there is no such schema,
# the current role will own it, and that need not be the one that logged in: the owner of a database may set `role` for all who do.
# Asked without pg_roles, which costs more than all of it: whoever is a member of the role that made the server (10) is a superuser.
_OWNER: Final = "coalesce(n.nspowner, pg_catalog.to_regrole(pg_catalog.quote_ident(current_user))::pg_catalog.oid)"
TRUSTED: Final = f"""(pg_catalog.pg_has_role({_OWNER}, 10, 'MEMBER') OR NOT pg_catalog.pg_has_role(session_user, 10, 'MEMBER')
  OR pg_catalog.pg_get_userbyid({_OWNER}) = session_user OR EXISTS (
    SELECT FROM pg_catalog.pg_auth_members AS m
    WHERE m.roleid = {_OWNER} AND pg_catalog.pg_get_userbyid(m.member) = session_user AND pg_catalog.pg_has_role(m.grantor, 10, 'MEMBER')))"""
# What is in it of a role that could not do the same as its owner was put there while others might create something in it, before the
# first deployment closed it. What is stored, or a log of changes, that was given away since is mended instead: nobody but the owner or a superuser can
# have done that.
# Found by INTERSECT, which never compares each of the one with each of the other: others may own thousands of objects elsewhere.
STRANGE: Final = f"""(
  SELECT pg_catalog.concat(pg_catalog.pg_describe_object(s.classid, s.objid, 0), ' of the role ', pg_catalog.quote_ident(
    pg_catalog.pg_get_userbyid((SELECT o.refobjid FROM {{owned}} AND o.classid = s.classid AND o.objid = s.objid))))
  FROM (
    SELECT o.classid, o.objid FROM {{owned}} AND NOT pg_catalog.pg_has_role(o.refobjid, n.nspowner, {AS_ANOTHER})
    INTERSECT SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid AND d.deptype = 'n' OFFSET 0
  ) AS s CROSS JOIN pg_catalog.pg_identify_object(s.classid, s.objid, 0) AS i
  WHERE i.identity !~ '[.]"?(changes_|kept_|unknown_change|lost_change)[^()]*([(][)])?$' AND NOT (i.identity ~ '_[0-9a-f]{{{{8}}}}(_\\w+)?"?$' AND EXISTS (
    SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = s.objid AND s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass) AND EXISTS (
    SELECT FROM pg_catalog.pg_class AS i WHERE i.relnamespace = n.oid AND i.relname = 'installation' AND i.relkind = 'r'
      AND pg_catalog.pg_has_role(i.relowner, n.nspowner, {AS_ANOTHER})))
  ORDER BY 1 LIMIT 1)""".format(
    owned="""pg_catalog.pg_shdepend AS o
    WHERE o.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()) AND o.objsubid = 0
      AND o.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND o.deptype = 'o'"""
)
_QUERY: Final = f"""
SELECT current_user::pg_catalog.text, pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text,
  pg_catalog.pg_has_role(n.nspowner, 'USAGE'),
  pg_catalog.pg_has_role(n.nspowner, CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END),
  {TRUSTED}, {STRANGE}, session_user::pg_catalog.text
FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = %s"""


# Of who may not do what the owner can: he must be trusted, too. He is where he could have anything run here as it is (a superuser, the owner
# of the database), and where the project names him. NULL where there is no such schema; `may` is NULL where the runtime is not there.
KNOWN: Final = """coalesce(pg_catalog.pg_has_role(n.nspowner, 'MEMBER') OR pg_catalog.pg_has_role(n.nspowner, 10, 'MEMBER')
  OR pg_catalog.pg_get_userbyid(n.nspowner) = ANY (%(trusted_roles)s::pg_catalog.name[])
  OR n.nspowner = (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()), true)"""
_GUEST: Final = f"""
SELECT current_user::pg_catalog.text, pg_catalog.pg_get_userbyid(n.nspowner)::pg_catalog.text, {{may}}, {KNOWN}
FROM pg_catalog.pg_namespace AS n WHERE n.nspname = %(stored)s"""
_MAY_REFRESH: Final = _GUEST.replace(
    "{may}",
    """pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND (
  SELECT pg_catalog.bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) FROM pg_catalog.pg_proc AS p
  WHERE p.pronamespace = n.oid AND p.proname = 'committed')""",
)
_MAY_LOOK: Final = _GUEST.replace(
    "{may}", "pg_catalog.has_schema_privilege(n.oid, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'MEMBER')"
)


def with_trust(query: str) -> str:
    """A query of the row `n` of the stored schema in pg_namespace, with these conditions in their places; it takes `trusted_roles`."""
    parts = {"trusted": TRUSTED, "known": KNOWN, "strange": STRANGE, "as_another": AS_ANOTHER}
    for name, condition in parts.items():
        query = query.replace(f"{{{name}}}", condition)
    return query


@dataclass(frozen=True, slots=True)
class DeployerRole:
    """Who asks, and who owns the stored schema (None: there is none yet). `inherits`: his rights are ours anyway."""

    user: str
    owner: str | None
    inherits: bool
    may_become: bool

    @property
    def role(self) -> str | None:
        """The role that must be taken on; None where we are the owner, or will be."""
        return None if self.owner == self.user else self.owner


def standing(connection: psycopg.Connection, storage_schema: str) -> DeployerRole:
    """How whoever is connected stands to the owner of the stored schema. Raises ServerError for an owner not to be trusted, or for what
    somebody else has put there.
    """
    with own_path(connection):
        row = connection.execute(_QUERY.encode(), (storage_schema,)).fetchone()
    assert row is not None  # noqa: S101 - a SELECT from one row
    user, owner, inherits, may_become, trusted, strange, session = row
    if not trusted:
        raise distrusted(storage_schema, owner, user, session)
    if strange:
        raise not_alone(storage_schema, strange)
    return DeployerRole(user, owner, owner is None or inherits, owner is None or may_become)


def distrusted(storage_schema: str, owner: str | None, user: str, session: str) -> ServerError:
    """Why a superuser, who has logged in as `session`, does not touch what is in a schema. Where there is none it would be that of `user`."""
    whose = f"belongs to the role {owner}" if owner else f"would belong to the role {user}"
    message = f"the schema {storage_schema} {whose}, which could run anything as the superuser {session}"
    role = identifier(owner or user)
    allow = f"GRANT {role} TO {identifier(session)} where it is trusted"
    if owner:
        return ServerError(
            message, f"deploy as {owner}, or {allow}, or name another schema in mvc.yml: schemas: {{stored: NAME}}"
        )
    return ServerError(
        message, f"look who has set that role for you (ALTER DATABASE or ALTER ROLE … SET role), or {allow}"
    )


def unknown(target: Target, owner: str, user: str) -> ServerError:
    """Why a role that may look or refresh does not touch what is in a schema."""
    message = f"the schema {target.stored} belongs to the role {owner}, which could run anything as {user}"
    roles = ", ".join((*target.trusted_roles, owner))
    return ServerError(
        message, f"if {owner} deploys here, name it in mvc.yml: trusted_roles: [{roles}]; or let it own the database"
    )


def not_alone(storage_schema: str, strange: str) -> ServerError:
    """Why nobody touches what is in a schema: an object is there with its owner, `strange` in words."""
    hint = "drop it, or name another schema in mvc.yml: schemas: {stored: NAME}"
    return ServerError(f"the schema {storage_schema} is to be its owner's alone, and in it is the {strange}", hint)


def working_role(connection: psycopg.Connection, storage_schema: str) -> str | None:
    """The role to take on for everything that is made. Raises ServerError for who may not."""
    found = standing(connection, storage_schema)
    if found.role and not found.may_become:
        hint = f"deploy as {found.owner}, or GRANT {identifier(found.role)} TO {identifier(found.user)}, or name another schema in mvc.yml: schemas: {{stored: NAME}}"
        raise ServerError(f"the schema {storage_schema} belongs to the role {found.owner}", hint)
    return found.role


def check_may_refresh(connection: psycopg.Connection, target: Target) -> None:
    """Raises Denied for a role that no project names as one that refreshes: each of the runtime's functions would only say its own name.
    Raises ServerError where the owner of the stored schema is none whom that role has a reason to trust.
    """
    row = _guest(connection, target, _MAY_REFRESH)
    if row and row[2] is False:
        hint = f"name it in mvc.yml, and mvc apply: refresh_roles: [{row[0]}]"
        raise Denied(f"the role {row[0]} may not refresh what is deployed here", hint)


def check_may_look(connection: psycopg.Connection, target: Target) -> None:
    """Raises Denied for a role that no project names as one that monitors or refreshes, and that cannot deploy either. Raises ServerError
    as `check_may_refresh` does.
    """
    row = _guest(connection, target, _MAY_LOOK)
    if row and not row[2]:
        hint = f"name it in mvc.yml, and mvc apply: monitor_roles: [{row[0]}]"
        raise Denied(f"the role {row[0]} may not see what is deployed here", hint)


def _guest(connection: psycopg.Connection, target: Target, query: str) -> tuple[str, str, bool | None, bool] | None:
    asked = {"stored": target.stored, "trusted_roles": list(target.trusted_roles)}
    with own_path(connection):
        row = connection.execute(query.encode(), asked).fetchone()
    if row and not row[3]:
        raise unknown(target, row[1], row[0])
    return row


@contextmanager
def acting_as(
    connection: psycopg.Connection, role: str | None, patience: float = 0.0, mode: str = ""
) -> Iterator[None]:
    """A transaction in another's name (None is ourselves), in which no lock is waited for longer than `patience` seconds (0: for ever). `mode`
    is what it begins with, such as SET TRANSACTION.
    """
    with connection.transaction():
        become = f"SET LOCAL ROLE {identifier(role)}" if role else ""
        begin = [mode, become, own_limits(connection, lock_ms=int(patience * 1000))]
        connection.execute("; ".join(filter(None, begin)).encode())
        yield
