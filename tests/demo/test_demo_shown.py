"""The demo as it is shown: readable without a terminal, beautiful on one, and nothing stays when it ends, however it ends."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest

from mvc import compile, load  # noqa: A004
from mvc.demo.events import Event, ServerStarted
from mvc.demo.project import reference_project
from mvc.demo.run import run_demo
from mvc.engines.postgres.server.session import answer, open_session
from servers import ROOT, installations

pytestmark = pytest.mark.server

RUN = "import sys; from mvc.report.demo.narration import show_demo; show_demo(0.002, sys.stdout, keep={keep})"


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for temporary folders that nobody else uses, open to the server's account."""
    folder = Path(tempfile.mkdtemp(prefix="demo", dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    folder.rmdir()  # fails where something was left


def test_plain_text_without_a_terminal(temporary: Path) -> None:
    done = _run_process(keep=False)
    text, errors = (part.decode() for part in done.communicate(timeout=120))
    assert (done.returncode, errors) == (0, "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("Generat") == 1
    assert re.search(r"Left out mv_search_index: needs the extension postgis", text)
    for view in compile(load(ROOT)).views:
        assert view.name in text


def test_plain_ascii_where_nothing_else_can_be_written(temporary: Path) -> None:
    done = _run_process(keep=False, PYTHONIOENCODING="ascii")
    text, errors = done.communicate(timeout=120)
    assert (done.returncode, errors) == (0, b"")
    assert text.isascii()


def test_no_color_on_a_terminal_is_plain(temporary: Path) -> None:
    assert b"\x1b" not in _on_terminal(NO_COLOR="1", TERM="xterm-256color")
    assert b"\x1b" not in _on_terminal(TERM="dumb")


def test_a_terminal_gets_color_and_its_cursor_back(temporary: Path) -> None:
    text = _on_terminal(TERM="xterm-256color")
    assert b"\x1b[1;32m" in text
    assert text.count(b"\x1b[?25l") == text.count(b"\x1b[?25h") > 0


def test_two_runs_leave_nothing_behind(temporary: Path) -> None:
    before = _accounts(), _modes(temporary)
    for _ in range(2):
        seen: list[Event] = []
        run_demo(0.002, seen.append)
        started = seen[0]
        assert isinstance(started, ServerStarted)
        assert not _processes(started.folder)
        assert not list(temporary.iterdir())
    assert (_accounts(), _modes(temporary)) == before


def test_kept_until_interrupted(temporary: Path) -> None:
    process = _run_process(keep=True)
    assert process.stdout
    seen = b""
    while b"psql '" not in seen:
        seen += os.read(process.stdout.fileno(), 4096) or pytest.fail(f"ended early: {seen!r}")
    url = re.search(r"psql '(.*)'", seen.decode())
    assert url
    with closing(open_session(url[1])) as connection:
        assert (answer(connection, "SELECT count(*) FROM mvc.deployed_view") or [])[0] == (6,)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, b"")
    assert b"are gone" in rest
    assert not _processes(str(temporary))


def test_interrupted_while_it_works(temporary: Path) -> None:
    process = _run_process(keep=False)
    assert process.stdout
    seen = b""
    while b"Created" not in seen:
        seen += os.read(process.stdout.fileno(), 4096) or pytest.fail(f"ended early: {seen!r}")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert b"KeyboardInterrupt" in errors
    assert not _processes(str(temporary))


def test_a_reader_that_leaves_is_no_error(temporary: Path) -> None:
    code = "import sys; from mvc.cli.main import main; sys.exit(main(['demo', '--scale', '0.002']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
    )
    assert process.stdout
    assert process.stderr
    process.stdout.read(1)
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (0, b"")
    process.stderr.close()
    assert not _processes(str(temporary))


@pytest.mark.parametrize("package", ["rich", "psycopg"])
def test_a_missing_package_is_named(package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from mvc.demo.extras import ExtraMissing\n"
        "try:\n    import mvc.report.demo.narration\nexcept ExtraMissing as problem:\n    print(problem, '|', problem.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert done.stdout.strip() == f"the demo needs the package {package} | pip install 'mvc-compiler[demo]'"


def _run_process(*, keep: bool, **extra: str) -> subprocess.Popen[bytes]:
    code = [sys.executable, "-c", RUN.format(keep=keep)]
    return subprocess.Popen(code, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment(**extra))


def _environment(**extra: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TERM")}
    return {**inherited, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1", **extra}


def _on_terminal(**extra: str) -> bytes:
    """All that a process wrote to a terminal."""
    ours, theirs = pty.openpty()
    code = [sys.executable, "-c", RUN.format(keep=False)]
    process = subprocess.Popen(code, stdout=theirs, stdin=theirs, stderr=theirs, env=_environment(**extra))
    os.close(theirs)
    found = b""
    with suppress(OSError):  # how Linux says that the other end is closed
        while select.select([ours], [], [], 120)[0]:
            found += os.read(ours, 65536)
    os.close(ours)
    assert process.wait(30) == 0, found
    return found


def _processes(mark: str) -> list[str]:
    """Running processes whose command line holds `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


def _accounts() -> tuple[str, ...]:
    return tuple(Path(path).read_text() for path in ("/etc/passwd", "/etc/group"))


def _modes(*folders: Path) -> Mapping[str, tuple[int, int, int]]:
    """Mode and owner of all that the demo passes through: temporary files, programs, the project."""
    places = [*folders, reference_project(), Path(sys.prefix), *(item.bindir for item in installations().values())]
    found = {path for place in places for path in (place, *place.parents)}
    return {
        str(path): (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) for path in found for info in [path.stat()]
    }
