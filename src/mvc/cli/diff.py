"""Say what a change does to those who use the views: what breaks, who sees more, what is built anew, what gets older.

  mvc diff                  the last commit (HEAD) against the work tree
  mvc diff BASE             a revision against the work tree
  mvc diff BASE HEAD        two revisions; BASE..HEAD is the same, BASE...HEAD begins where HEAD branched off
  mvc diff --database URL   what is deployed against the work tree, what drifted since, and where the base tables and functions are
                            not as the project's catalog says; nothing is written there

Layout, comments, the order of keys, a moved file and a renamed alias are no change. Nothing is checked out.
--format sql writes a migration for tools that run their own; with --output FILE.sql the way back goes to FILE.down.sql.

Examples:
  mvc diff main...HEAD
  mvc diff --exit-code --fail-on breaking,access-loosened main...HEAD
  mvc diff main HEAD --format sql --output build/views.sql
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mvc.cli import candidates
from mvc.cli.command import command
from mvc.cli.failure import UsageMistake
from mvc.cli.options import argument, form, output, project, url_or_usual
from mvc.cli.values import USUAL, classes, usual_or

if TYPE_CHECKING:
    from mvc.cli.context import Context
    from mvc.comparison.difference import Class, Difference
    from mvc.compiled.project import Compiled
    from mvc.report.diff.database import Against

FOUND: Final = 3  # the exit code for differences


@dataclass(frozen=True)
class Options:
    """The command line."""

    revisions: tuple[str, ...]
    database: str | None
    format: str
    output: str | None
    exit_code: bool
    fail_on: frozenset[Class]


@dataclass(frozen=True)
class Comparison:
    """Both sides, how they differ, and what a database adds to that."""

    before: Compiled
    after: Compiled
    difference: Difference
    against: Against


@command(Options)
@argument("revisions", "[REVISION …]", "BASE, BASE HEAD, BASE..HEAD or BASE...HEAD", nargs=-1)
@url_or_usual("--database", USUAL, "compare what is deployed (default: DATABASE_URL)")
@form(
    ("text", "markdown", "json", "sql"),
    "markdown: for a comment; json: versioned, see docs/json.md; sql: a migration",
)
@output("FILE", "write it there instead of printing it")
@click.option("--exit-code", is_flag=True, help="exit with 3 where anything differs")
@click.option(
    "--fail-on",
    type=classes,
    default="",
    metavar="CLASS,…",
    shell_complete=candidates.classes,
    help="exit with 3 where one of these is found",
)
@project
def execute(options: Options, context: Context) -> int:
    """Exit code 3 where --exit-code or --fail-on asks for it."""
    if options.database is not None and options.revisions:
        raise UsageMistake("--database compares what is deployed with the work tree", "leave the revisions out")
    found = _deployed(options, context) if options.database is not None else _revisions(options, context)
    _write(options, context, found)
    differs = not found.difference.empty or found.against.differs
    failed = bool(options.fail_on & set(found.difference.classes))
    return FOUND if failed or (options.exit_code and differs) else 0


def _revisions(options: Options, context: Context) -> Comparison:
    from mvc.comparison.compare import compare
    from mvc.git import open_range, parse_range
    from mvc.pipeline.pair import PairError, compile_two, compile_whole
    from mvc.report.diff.database import Against

    if len(options.revisions) > 2:
        raise UsageMistake("two revisions can be compared, not more", "mvc diff BASE HEAD")
    sides = open_range(context.folder(), parse_range(*options.revisions))
    compile_them = compile_whole if options.format == "sql" else compile_two  # a migration needs all schedules whole
    try:
        before, after = compile_them(*sides, context.cache())
    except PairError as problem:
        context.files = sides[problem.side == "after"]
        context.complain(f"the project {problem.side} the change does not compile:")
        raise
    return Comparison(before, after, compare(before, after), Against())


def _deployed(options: Options, context: Context) -> Comparison:
    from mvc.engines.postgres.server.deployed import diff_deployed
    from mvc.report.diff.database import Against

    after = context.compile()
    with context.connect(usual_or(options.database)) as connection:
        found = diff_deployed(connection, after)
    context.show(item.diagnostic for item in found.catalog)
    against = Against(found.drift, found.outside, found.rebuilds, found.catalog, found.taken_over)
    return Comparison(found.deployed, after, found, against)


def _write(options: Options, context: Context, found: Comparison) -> None:
    texts = _texts(options, context, found)
    if not options.output:
        context.data(texts[""], exact=options.format in ("sql", "json"))
        return
    target = Path(options.output)
    for suffix, text in texts.items():
        path = target.with_suffix(f"{suffix}{target.suffix}") if suffix else target
        path.write_text(text if text.endswith("\n") or not text else f"{text}\n", encoding="utf-8")
        context.talk(f"wrote {path}")


def _texts(options: Options, context: Context, found: Comparison) -> Mapping[str, str]:
    """What is to be printed or written; the way back has the suffix `.down` and is only written."""
    if options.format == "sql":
        from mvc.engines.postgres.plan.migration import migration

        up = migration(found.before, found.after)
        return {"": up, ".down": migration(found.after, found.before)} if options.output else {"": up}
    if options.format == "json":
        return {"": _json(found)}
    if options.format == "markdown":
        return {"": _markdown(found)}
    return {"": _text(found, context, plain=bool(options.output))}


def _json(found: Comparison) -> str:
    import json

    from mvc.report.diff.database import against_json
    from mvc.report.diff.json_output import diff_json

    data = {**diff_json(found.difference, found.after.project), **against_json(found.against)}
    return json.dumps(data, indent=2, ensure_ascii=False)


def _markdown(found: Comparison) -> str:
    from mvc.engines.postgres.plan.migration import statements_by_view
    from mvc.report.diff.database import against_text
    from mvc.report.diff.markdown import diff_markdown

    sql = statements_by_view(found.before, found.after)
    return diff_markdown(found.difference, found.after.project, sql, found=against_text(found.against))


def _text(found: Comparison, context: Context, *, plain: bool) -> str:
    from mvc.report.diff.database import against_text
    from mvc.report.diff.text import diff_text
    from mvc.report.text.style import PLAIN

    style = PLAIN if plain else context.data_style
    parts = [diff_text(found.difference, style), against_text(found.against, style)]
    return "\n\n".join(part for part in parts if part)
