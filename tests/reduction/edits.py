"""A small project with every kind of file and of dependence, and edits of every kind."""

from __future__ import annotations

from collections.abc import Callable

Files = dict[str, str]
Edit = Callable[[Files], Files]


def declared(name: str, reads: str, more: str = "") -> str:
    """A view that counts the rows of a table or another view by day."""
    return f"view: {name}\nsources: {{s: {{{reads}}}}}\ndimensions: {{day: s.day}}\naggregates: {{n: {{count: s}}}}\n{more}"


def body(name: str, sql: str, more: str = "") -> str:
    return f"view: {name}\nsql: |\n  {sql}\ngrain: [day]\n{more}"


# base ← middle ← top; base ← side; lone; odd names; quoted ← shouting (which writes it in capitals)
PROJECT: Files = {
    "mvc.yml": "project: shop\ncatalog: schema/*.sql\n",
    "schema/t.sql": "CREATE TABLE t (id int PRIMARY KEY, day date NOT NULL, owner text NOT NULL);\n",
    "schema/f.sql": "CREATE FUNCTION is_admin() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';\n",
    "views/base.yml": declared("base", "table: t", "tags: [core]\n"),
    "views/middle.yml": declared("middle", "view: base", "tags: [daily, core]\n"),
    "views/top.yml": body("top", "SELECT m.day, count(*) AS n FROM middle AS m GROUP BY 1", "tags: [daily]\n"),
    "views/side.yml": body("side", "SELECT b.day, sum(b.n) AS n FROM base AS b GROUP BY 1", "materialized: true\n"),
    "views/sub.yml": declared("sub", "sql: 'SELECT day FROM side', key: [day]", "tags: [part]\n"),
    "views/plain.yml": body("plain", "SELECT s.day, s.n FROM side AS s", "materialized: false\n"),
    "views/lone.yml": declared("lone", "table: t", "tags: [alone]\n"),
    "views/lonely.yml": declared("lonely", "table: t", "description: not lone\n"),
    "views/odd.yml": '{view: "Odd Näme", sources: {s: {table: t}}, dimensions: {day: s.day}, aggregates: {n: {count: s}}}\n',
    "views/odder.yml": body("odder", 'SELECT o.day, o.n FROM "Odd Näme" AS o'),
    "views/quoted.yml": declared("'quoted'  # so", "table: t"),
    "views/shouting.yml": body("zz_shouting", "SELECT q.day, q.n FROM QUOTED AS q"),
    "views/escaped.yml": 'view: escaped\nsql: "SELECT q.day,\\nq.n\\nFROM\\tquo\\x74ed AS q"\ngrain: [day]\n',
    "policies/a.yml": """\
predicates:
  early: day < '2020-01-01'
  admin: is_admin()
policies:
- {policy: one, view: base, to: [r], using: {predicate: early}}
- {policy: two, view: [middle, lone], to: [r], using: {any: [admin, early]}}
""",
    "policies/b.yml": """\
policies:
- {policy: three, view: lone, to: [s], using: n > 3}
- {policy: four, view: lone, as: restrictive, using: {all: [admin, {sql: n > 1}]}}
- {policy: five, view: Odd Näme, to: [s], using: true}
""",
    "policies/c.yml": "policies: [{policy: six, view: zz_shouting, to: [r], using: n > 3}]\n",
    "schedules/a.yml": """\
schedules:
- {schedule: all, refresh: all, every: '0 0 * * *'}
- {schedule: daily, refresh: ['tag:daily'], every: '0 1 * * *'}
- {schedule: chain, refresh: [+top], every: '0 2 * * *'}
""",
    "schedules/b.yml": """\
schedules:
- {schedule: one, refresh: [lone, Odd Näme], within: 1h}
- {schedule: tagged, refresh: ['+tag:alone', +plain], every: '0 3 * * *'}
""",
    "schedules/0.yml": "schedules: [{schedule: part, refresh: ['tag:alone', '+tag:part'], within: 2h, mode: incremental}]\n",
}


def replaced(path: str, old: str, new: str) -> Edit:
    def edit(files: Files) -> Files:
        return files | {path: files[path].replace(old, new)} if path in files else files

    return edit


def added(path: str, text: str) -> Edit:
    return lambda files: files | {path: text}


def removed(*paths: str) -> Edit:
    return lambda files: {path: text for path, text in files.items() if path not in paths}


def moved(path: str, to: str) -> Edit:
    return lambda files: {to if name == path else name: text for name, text in files.items()}


def renamed_everywhere(old: str, new: str) -> Edit:
    return lambda files: {path: text.replace(old, new) for path, text in files.items()}


EDITS: dict[str, Edit] = {
    "nothing": lambda files: files,
    "a comment in a view": added("views/lone.yml", PROJECT["views/lone.yml"] + "# a comment\n"),
    "the base of a stack": replaced("views/base.yml", "count: s}", "count: s, where: s.id > 1}"),
    "the middle of a stack": replaced("views/middle.yml", "count: s}", "sum: s.n}"),
    "the top of a stack": replaced("views/top.yml", "count(*)", "max(m.n)"),
    "a column gone that nobody reads": replaced("views/top.yml", ", count(*) AS n", ""),
    "what it reads": replaced("views/top.yml", "FROM middle", "FROM base"),
    "what it reads, and no other view": replaced("views/middle.yml", "view: base", "table: t"),
    "a table made a view": replaced("views/lone.yml", "table: t", "view: base"),
    "a view that lies behind a subquery": replaced("views/side.yml", "sum(b.n)", "max(b.n)"),
    "a view in capitals": replaced("views/quoted.yml", "count: s}", "count: s, where: s.id > 1}"),
    "an odd name's view": replaced("views/odd.yml", "count: s}", "count: s, where: s.id > 1}"),
    "a reader of an odd name": replaced("views/odder.yml", "o.n", "o.n + 1 AS n"),
    "a tag added": replaced("views/lone.yml", "[alone]", "[alone, daily]"),
    "a tag taken": replaced("views/middle.yml", "[daily, core]", "[core]"),
    "a description": added("views/lone.yml", PROJECT["views/lone.yml"] + "description: what\n"),
    "a view added": added("views/new.yml", declared("new", "view: base", "tags: [daily]\n")),
    "a view removed": removed("views/odder.yml"),
    "a stack removed": lambda files: removed("views/plain.yml", "views/sub.yml", "views/side.yml")(
        replaced("schedules/0.yml", ", '+tag:part'", "")(replaced("schedules/b.yml", ", +plain", "")(files))
    ),
    "a view moved": moved("views/middle.yml", "views/finance/m.yml"),
    "a view renamed": renamed_everywhere("side", "edge"),
    "a view renamed in place": renamed_everywhere("lonely", "quiet"),
    "a policy": replaced("policies/b.yml", "n > 3", "n > 4"),
    "a policy's roles": replaced("policies/a.yml", "lone], to: [r]", "lone], to: [s]"),
    "a policy's view": replaced("policies/a.yml", "[middle, lone]", "[middle, side]"),
    "a policy added": added("policies/d.yml", "policies: [{policy: seven, view: sub, to: [r], using: true}]\n"),
    "a policy removed": removed("policies/c.yml"),
    "a policy of a view that is named with its schema": replaced(
        "policies/c.yml", "zz_shouting, to: [r], using: n > 3", "public.zz_shouting, to: [r], using: n > 4"
    ),
    "a policy of an odd name with its schema": replaced(
        "policies/b.yml", "view: Odd Näme, to: [s]", "view: public.Odd Näme, to: [r]"
    ),
    "a schedule of a view that is named with its schema": replaced(
        "schedules/b.yml", "[lone, Odd Näme], within: 1h", "[public.lone, Odd Näme], within: 2h"
    ),
    "another view of a name": added("views/lonely2.yml", declared("lonely", "table: t", "schema: other\n")),
    "policies in another order": added(
        "policies/b.yml", "policies:\n" + "".join(reversed(PROJECT["policies/b.yml"].splitlines(keepends=True)[1:]))
    ),
    "a policies file moved to the front": moved("policies/b.yml", "policies/0.yml"),
    "a predicate": replaced("policies/a.yml", "2020", "2021"),
    "a predicate of another file": replaced("policies/a.yml", "admin: is_admin()", "admin: NOT is_admin()"),
    "a predicate that nobody uses": replaced("policies/a.yml", "policies:", "  idle: n > 1\npolicies:"),
    "a predicate moved": lambda files: added("policies/z.yml", "predicates: {admin: is_admin()}\n")(
        replaced("policies/a.yml", "  admin: is_admin()\n", "")(files)
    ),
    "a schedule of all": replaced("schedules/a.yml", "0 0 *", "0 4 *"),
    "a schedule of a tag": replaced("schedules/a.yml", "0 1 *", "0 4 *"),
    "a schedule of what is read": replaced("schedules/a.yml", "0 2 *", "0 4 *"),
    "a promise": replaced("schedules/b.yml", "1h", "2h"),
    "a schedule no longer for what is read": replaced("schedules/a.yml", "+top", "top"),
    "a schedule no longer in part": replaced("schedules/0.yml", "incremental", "full"),
    "a schedule in part in another way": replaced("schedules/0.yml", "incremental", "window, window: 1d"),
    "a schedule in part that rests": replaced("schedules/0.yml", "mode:", "enabled: false, mode:"),
    "a schedule in part no longer for what is read": replaced("schedules/0.yml", "+tag:part", "tag:part"),
    "a schedule in part for more": replaced("schedules/a.yml", "0 2 * * *'", "0 2 * * *', mode: window, window: 1d"),
    "a schedule in part, with an escape": added(
        "schedules/e.yml", 'schedules: [{schedule: y, refresh: base, within: 1d, mode: "windo\\x77", window: 1d}]\n'
    ),
    "a schedule in part for a tag": replaced("schedules/a.yml", "0 1 * * *'", "0 1 * * *', mode: window, window: 1d"),
    "what it reads, only mentioned": replaced("views/sub.yml", "SELECT day FROM side", "SELECT day FROM t /* side */"),
    "a schedule added": added("schedules/c.yml", "schedules: [{schedule: x, refresh: [sub, +lone], within: 1d}]\n"),
    "a schedules file removed": removed("schedules/b.yml"),
    "schedules moved": moved("schedules/b.yml", "schedules/z.yml"),
    "the catalog": replaced("schema/t.sql", "day date NOT NULL", "day date"),
    "another file of the catalog": added("schema/u.sql", "CREATE TABLE u (id int PRIMARY KEY);\n"),
    "a setting": replaced("mvc.yml", "shop", "store"),
    "a file that is none of ours": added("docs/x.json", "{}"),
    "no schedules": added("schedules/b.yml", "schedules: []\n"),
    "no policies": added("policies/c.yml", "policies: []\n"),
}

# Edits that no project should hold.
MISTAKES: dict[str, Edit] = {
    "an unknown table": replaced("views/lone.yml", "table: t", "table: u"),
    "an unknown view": replaced("views/middle.yml", "view: base", "view: bass"),
    "an unknown column of what is read": replaced("views/base.yml", "n: {count", "m: {count"),
    "a view gone that is read": removed("views/middle.yml"),
    "a view gone that a policy names": removed("views/shouting.yml"),
    "a view gone that a schedule names": removed("views/top.yml"),
    "views that read each other": replaced("views/base.yml", "table: t", "view: middle"),
    "a view's name taken": added("views/again.yml", PROJECT["views/lone.yml"]),
    "a view that is no YAML": added("views/new.yml", "view: [\n"),
    "an unknown key in a view": replaced("views/lone.yml", "tags:", "tag:"),
    "a policy for an unknown view": replaced("policies/c.yml", "view: zz_shouting", "view: shouting"),
    "a policy for an unknown column": replaced("policies/c.yml", "n > 3", "m > 3"),
    "an unknown predicate": replaced("policies/a.yml", "predicate: early", "predicate: late"),
    "a predicate gone": replaced("policies/a.yml", "  admin: is_admin()\n", ""),
    "a predicate twice": added("policies/z.yml", "predicates: {early: is_admin()}\n"),
    "an unknown key in policies": added("policies/z.yml", "polices: []\n"),
    "an empty policies file": added("policies/z.yml", ""),
    "an unused predicate that is no SQL": added("policies/z.yml", "predicates: {odd: 'a b c'}\n"),
    "a schedule of an unknown view": replaced("schedules/b.yml", "[lone,", "[alone,"),
    "a schedule's name taken": added("schedules/z.yml", PROJECT["schedules/b.yml"]),
    "a cron line that is none": replaced("schedules/b.yml", "0 3 * * *", "0 3 * *"),
    "an empty schedules file": added("schedules/z.yml", ""),
    "no catalog": removed("schema/t.sql", "schema/f.sql"),
    "an unknown setting": added("mvc.yml", PROJECT["mvc.yml"] + "colour: red\n"),
}
