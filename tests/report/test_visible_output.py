"""Text of databases and files on its way to a terminal, a log or a page of metrics."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from mvc.cli.context import Context, Failure
from mvc.engines.postgres.server.refresh_view import Refreshed
from mvc.report.deploy.refreshes import refreshed_text
from mvc.report.status.prometheus import labels
from mvc.report.text.style import PLAIN, Style

HOSTILE = "a\x1b]0;title\x07\x1b[2J\x1b[8mhidden\r\n::add-mask::x\u202egnp\u2066\x9b1m\u200b\x08"
SEEN = ("\x1b]", "\x1b[2J", "\x1b[8m", "\r", "\u202e", "\u2066", "\x9b", "\u200b", "\x07", "\x08")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def context(stdout: io.StringIO) -> Context:
    return Context(None, stdout, Screen(), Style(color=True), Style(color=True))


def test_a_terminal_gets_lines_and_our_colours_and_nothing_else() -> None:
    made = context(Screen())
    for write, stream in ((made.data, made.stdout), (made.talk, made.stderr)):
        painted = "".join(
            Style(color=True).paint(role, role)
            for role in ("error", "warning", "related", "frame", "help", "strong", "heading")
        )
        write(f"{HOSTILE}\t{painted}│ ünï 日本")
        assert isinstance(stream, Screen)
        shown = stream.getvalue()
        assert not [sign for sign in SEEN if sign in shown]
        assert f"\t{painted}│ ünï 日本" in shown


def test_a_pipe_or_file_gets_what_was_asked_for_byte_for_byte() -> None:
    made = context(io.StringIO())
    made.data(HOSTILE)
    assert isinstance(made.stdout, io.StringIO)
    assert made.stdout.getvalue() == f"{HOSTILE}\n"


COMMANDS = (
    "::set-output name=a::b",
    " \u00a0::Add-Path::/tmp",
    "a ##vso[task.setvariable variable=PATH]b",
    "##[add-path]c",
    "##teamcity[x]",
)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_log_of_a_job_gets_no_command(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pull request calls a view, or writes into a text, may stand at the start of a line of what is said."""
    for name in ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"):
        monkeypatch.delenv(name, raising=False)
    made = context(io.StringIO())
    made.talk(f"error: x\n{line}")
    made.data(line, exact=True)
    monkeypatch.setenv("TF_BUILD", "True")
    made.data(f"x\n{line}")
    assert isinstance(made.stderr, Screen)
    assert isinstance(made.stdout, io.StringIO)
    told, (there, shown) = made.stderr.getvalue(), made.stdout.getvalue().split("\nx\n")
    assert there == line
    for text in (told, shown):
        assert "\\x" in text
        assert not re.search(r"^\s*::|##", text, re.MULTILINE)
    with pytest.raises(Failure, match="would take for a command"):
        made.data(line, exact=True)


def test_a_file_and_a_cast_in_a_job_are_as_they_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with (tmp_path / "out.sql").open("w+") as file:
        Context(None, file, Screen(), Style(), Style()).data(COMMANDS[0], exact=True)
        file.seek(0)
        assert file.read() == f"{COMMANDS[0]}\n"
    made = context(io.StringIO())
    made.data("SELECT a\n  ::text::int", exact=True)
    made.data("SELECT a\n  ::text::int")
    assert isinstance(made.stdout, io.StringIO)
    assert made.stdout.getvalue() == "SELECT a\n  ::text::int\n" * 2


@pytest.mark.parametrize("status", ["completed", "failed", "skipped"])
def test_a_refresh_is_one_line_whatever_the_server_said(status: str) -> None:
    result = Refreshed(view=HOSTILE, status=status, reason=HOSTILE, schedule=HOSTILE, seconds=1.0, rows=1)  # type: ignore[arg-type]
    shown = refreshed_text(result, PLAIN)
    assert "\n" not in shown
    assert not [sign for sign in SEEN if sign in shown]


def test_a_label_of_prometheus_is_one_line_of_plain_text() -> None:
    made = labels({"view": 'a"b\\c\nd' + HOSTILE})
    assert made.startswith('view="a\\"b\\\\c\\nd')
    assert "\n" not in made
    assert not [sign for sign in SEEN if sign in made]
