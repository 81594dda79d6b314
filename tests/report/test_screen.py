"""Tables and bars: as rich draws them on a terminal where it is installed, as plain text everywhere else."""

from __future__ import annotations

import io
import re

import pytest

from mvc.report.text.screen import progress_bar, table_lines
from mvc.report.text.style import PLAIN, Style

ROWS = [("view", "rows", "data from"), ("sales", "12", "2 min ago"), ("日本", "1,234", "[bold]3 h[/bold] ago")]
AS_TEXT = ["  view    rows  data from", "  sales     12  2 min ago", "  日本   1,234  [bold]3 h[/bold] ago"]
PAINTED = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("NO_COLOR", "FORCE_COLOR", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mvc.report.text.screen.find_spec", lambda _: None)


def test_a_table_as_text() -> None:
    assert list(table_lines(ROWS, (1,), PLAIN)) == AS_TEXT


@pytest.mark.usefixtures("without_rich")
def test_a_table_where_rich_is_not_installed() -> None:
    assert list(table_lines(ROWS, (1,), Style(color=True))) == AS_TEXT


@pytest.mark.parametrize("columns", [24, 40, 80])
@pytest.mark.usefixtures("terminal")
def test_a_table_by_rich_is_no_wider_than_the_terminal_and_leaves_nothing_out(monkeypatch, columns) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = list(table_lines(ROWS, (1,), Style(color=True)))
    bare = [PAINTED.sub("", line) for line in lines]
    assert any("\x1b[1m" in line for line in lines)
    assert max(map(len, bare)) <= columns
    assert signs("".join(bare)) == signs("".join(cell for row in ROWS for cell in row))


def signs(text: str) -> list[str]:
    return sorted(re.sub(r"[\s─]", "", text))


@pytest.mark.parametrize("total", [2, None])
def test_what_is_written_beside_a_bar_stays(terminal: Terminal, total: int | None) -> None:
    with progress_bar(terminal, "refreshing", total) as step:
        for text in ("first\n", "second\n"):
            with step():
                terminal.write(text)
    shown = terminal.getvalue()
    assert "refreshing" in shown
    assert ("0/2" in shown) == (total == 2)
    assert screen(shown) == ["first", "second"]


def test_a_bar_goes_when_it_is_broken_off(terminal: Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), progress_bar(terminal, "refreshing", 2):
        raise KeyboardInterrupt
    assert screen(terminal.getvalue()) == []
    assert terminal.getvalue().rfind("\x1b[?25h") > terminal.getvalue().rfind("\x1b[?25l")  # the cursor is seen again


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_bar_where_plain_lines_are_wanted(terminal, monkeypatch, name, value) -> None:
    monkeypatch.setenv(name, value)
    with progress_bar(terminal, "refreshing", 2) as step, step():
        terminal.write("first\n")
    assert terminal.getvalue() == "first\n"


@pytest.mark.usefixtures("without_rich")
def test_no_bar_where_rich_is_not_installed(terminal: Terminal) -> None:
    with progress_bar(terminal, "refreshing", 2) as step, step():
        terminal.write("first\n")
    assert terminal.getvalue() == "first\n"


def screen(written: str) -> list[str]:
    """The lines that a terminal shows in the end: carriage returns, erased lines and the cursor's way up are followed."""
    lines, row = [""], 0
    for part in re.split(r"(\r|\n|\x1b\[2K|\x1b\[1A|\x1b\[[0-9;?]*[A-Za-z])", written):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif part == "\x1b[1A":
            row -= 1
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part and part != "\r" and not part.startswith("\x1b"):
            lines[row] += part
    return [line for line in lines if line.strip()]
