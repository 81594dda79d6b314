"""Who may see what, written from the policies' meaning alone: the expectation of test_access.

`v` is a row of the view, `%(user)s` who asks; the memberships are read as a superuser reads them.
"""

from psycopg import errors, sql

from .deployment import exposure, storage

MEMBER = """EXISTS (SELECT FROM organization_users m
                    WHERE m.user_id = %(user)s AND m.organization_id = v.organization_id)"""
LEADER = """EXISTS (SELECT FROM organization_users m
                    WHERE m.user_id = %(user)s AND m.organization_id = v.organization_id AND m.role <> 'staff')"""
SUPER_ADMIN = "EXISTS (SELECT FROM users u WHERE u.id = %(user)s AND u.role = 'super_admin')"
OPEN = """EXISTS (SELECT FROM organizations o
                  WHERE o.id = v.organization_id AND o.status = 'active' AND o.verification_status = 'verified')"""

READERS = {
    "mv_organization_dashboard": {"authenticated"},
    "mv_service_performance": {"authenticated"},
    "mv_location_availability": {"authenticated"},
    "mv_customer_lifetime_value": {"authenticated"},
    "mv_financial_summary": {"authenticated"},
    "mv_realtime_availability": {"anon", "authenticated"},
    "mv_search_index": {"anon", "authenticated"},
}
VISIBLE = {
    "mv_organization_dashboard": f"{MEMBER} OR {SUPER_ADMIN}",
    "mv_service_performance": f"{MEMBER} OR {SUPER_ADMIN}",
    "mv_location_availability": f"{MEMBER} OR {SUPER_ADMIN}",
    "mv_customer_lifetime_value": SUPER_ADMIN,
    "mv_financial_summary": f"{LEADER} OR {SUPER_ADMIN}",
    "mv_realtime_availability": OPEN,
    "mv_search_index": "true",
}
KINDS = (
    "org admin", "manager", "staff", "staff here, admin there", "customer", "customer who is staff",
    "super admin", "super admin with an organization", "unknown", "none",
)  # fmt: skip
# Organizations that every view has rows of; the generator gave each of them an admin, a manager and a member of staff.
_HOMES = """
SELECT o.id FROM organizations o
WHERE o.status = 'active' AND o.verification_status = 'verified'
  AND EXISTS (SELECT FROM services s WHERE s.organization_id = o.id)
  AND EXISTS (SELECT FROM locations l WHERE l.organization_id = o.id)
  AND EXISTS (SELECT FROM reservations r JOIN payments p ON p.reservation_id = r.id
              WHERE r.organization_id = o.id AND p.created_at >= date_trunc('year', now()))
  AND (SELECT count(DISTINCT m.role) FROM organization_users m WHERE m.organization_id = o.id) = 3
ORDER BY o.name LIMIT 3
"""
_FOUND = {"org admin": "admin", "manager": "manager", "staff": "staff"}
_MADE = {  # the user's role, and the memberships by the number of the home
    "staff here, admin there": ("org_user", {0: "staff", 1: "admin", 2: "manager"}),
    "customer": ("customer", {}),
    "customer who is staff": ("customer", {1: "staff"}),
    "super admin": ("super_admin", {}),
    "super admin with an organization": ("super_admin", {0: "admin", 2: "staff"}),
}


def make_people(connection) -> dict[str, str]:
    """Users of all kinds; the claim of each."""
    homes = [home for (home,) in connection.execute(_HOMES)]
    member = "SELECT max(user_id::text) FROM organization_users WHERE organization_id = %s AND role = %s"
    found = {kind: connection.execute(member, [homes[0], role]).fetchone()[0] for kind, role in _FOUND.items()}
    made = {kind: _make_user(connection, kind, role, at, homes) for kind, (role, at) in _MADE.items()}
    return {**found, **made, "unknown": "00000000-0000-0000-0000-00000000dead", "none": ""}


def _make_user(connection, name, role, memberships, homes) -> str:
    query = "INSERT INTO users (full_name, email, role) VALUES (%s, %s, %s) RETURNING id::text"
    (user,) = connection.execute(query, [name, f"{name}@example.net", role]).fetchone()
    for home, membership in memberships.items():
        connection.execute("INSERT INTO organization_users VALUES (%s, %s, %s)", [homes[home], user, membership])
    return user


def expected(connection, view, user, columns) -> list[str]:
    """The rows that the user should see, as text; asked as a superuser from the stored relation."""
    query = sql.SQL("SELECT ROW({})::text AS line FROM {} v WHERE {} ORDER BY line")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    found = connection.execute(query.format(names, storage(view), sql.SQL(VISIBLE[view])), {"user": user or None})
    return [line for (line,) in found]


def seen(connection, view, columns) -> list[str] | str:
    """The rows that the current role sees through the exposure, as text, or "denied"."""
    query = sql.SQL("SELECT ROW({})::text AS line FROM {} ORDER BY line")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    try:
        return [line for (line,) in connection.execute(query.format(names, exposure(view)))]
    except errors.InsufficientPrivilege:
        return "denied"
