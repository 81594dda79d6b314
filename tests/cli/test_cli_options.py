"""How a command line is read: options before and after the command, variables of the environment, other names, mistakes, how much is told."""

from __future__ import annotations

import dataclasses
import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

import mvc.cli
from mvc.cli.command import Command
from mvc.cli.commands import ALIASES, COMMANDS, GROUPS, module_of
from mvc.cli.group import cli

TOP = click.Context(cli, info_name="mvc", auto_envvar_prefix="MVC")


def found(command: str) -> Command:
    command = cli.get_command(TOP, command)
    assert isinstance(command, Command)
    return command


class TestCommands:
    @pytest.mark.parametrize("name", COMMANDS)
    def test_its_record_has_a_field_for_each_option(self, name):
        record = importlib.import_module(f"mvc.cli.{module_of(name)}").Options
        declared = [parameter.name for parameter in found(name).params if parameter.expose_value]
        assert sorted(field.name for field in dataclasses.fields(record)) == sorted(declared)

    def test_every_file_of_a_command_is_in_the_table(self):
        folder = Path(mvc.cli.__file__).parent
        files = [path.stem for path in folder.glob("*.py") if "\n@command(" in path.read_text(encoding="utf-8")]
        assert sorted(files) == sorted(map(module_of, COMMANDS))

    @pytest.mark.parametrize("name", ["schema", "explain", "check"])
    def test_only_the_one_that_runs_is_imported(self, name):
        code = (
            "import sys; from mvc.cli.main import main; from mvc.cli.commands import COMMANDS, module_of\n"
            f"main([{name!r}, '--help'])\n"
            "sys.stderr.write(' '.join(name for name in COMMANDS if f'mvc.cli.{module_of(name)}' in sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr == name

    def test_the_list_has_headings(self, mvc):
        done = mvc("--help")
        places = [done.out.index(f"\n{group}:\n") for group in GROUPS]
        assert places == sorted(places)

    @pytest.mark.parametrize("alias", ALIASES)
    def test_another_name_is_the_same_command(self, mvc, alias):
        name, *options = ALIASES[alias]
        assert mvc(alias, "--help") == mvc(name, "--help")
        with TOP.scope(cleanup=False):
            assert cli.resolve_command(TOP, [alias, "x"]) == (name, found(name), [*options, "x"])

    def test_lint_checks(self, mvc, shop):
        assert mvc("lint", "--strict") == mvc("check", "--strict")

    @pytest.mark.parametrize("name", ["check", "lint", "plan"])
    def test_help_of_a_command_by_the_word(self, mvc, name):
        assert mvc("help", name) == mvc(name, "-h")

    @pytest.mark.parametrize("columns", [50, 72, 500])
    def test_a_help_text_is_as_wide_as_the_terminal_and_no_wider_than_reads_well(self, mvc, monkeypatch, columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = mvc("check", "--help").out.splitlines()
        assert min(columns, 100) * 0.7 < max(map(len, lines)) <= min(columns, 100)
        assert "  mvc check --format sarif > findings.sarif" in lines  # an example is not wrapped


class TestWholeRun:
    @pytest.mark.parametrize(
        "arguments",
        ["-C {} check", "check -C {}", "--project {} check", "check --project={}", "-C nowhere check -C {}"],
    )
    def test_the_project_is_named_before_or_after(self, mvc, shop, monkeypatch, arguments):
        monkeypatch.chdir("/")
        assert mvc(*arguments.format(shop).split()).code == 0

    def test_the_project_of_the_environment_is_for_a_command_line_without_one(self, mvc, shop, monkeypatch):
        monkeypatch.chdir("/")
        monkeypatch.setenv("MVC_PROJECT", str(shop))
        assert mvc("check").code == 0
        assert "nowhere has no mvc.yml" in mvc("-C", "nowhere", "check").err
        assert "nowhere has no mvc.yml" in mvc("check", "-C", "nowhere").err

    @pytest.mark.parametrize("arguments", ["-q check", "check --quiet", "compile -q -o out.sql", "-q init other"])
    def test_quiet(self, mvc, shop, arguments):
        (shop / "schedules" / "refresh.yml").unlink()  # which makes a warning
        done = mvc(*arguments.split())
        assert (done.code, done.out, done.err) == (0, "", "")

    def test_quiet_leaves_data_and_errors(self, mvc, shop):
        assert mvc("compile", "-q").out == mvc("compile").out != ""
        (shop / "schedules" / "refresh.yml").unlink()
        strict = mvc("check", "--strict", "-q")
        assert strict.code == 1
        assert "warning[" in strict.err
        (shop / "views" / "daily_revenue.yml").write_text("view: x\n")
        done = mvc("check", "-q")
        assert (done.code, done.out) == (1, "")
        assert "error[" in done.err
        assert "warning[" not in done.err

    def test_quiet_leaves_what_was_asked_for(self, mvc, shop):
        (shop / "out.sql").write_text("-- stale")
        done = mvc("compile", "--output", "out.sql", "--check", "-q")
        assert done.code == 3
        assert "stale: out.sql" in done.err

    def test_verbose(self, mvc, shop):
        done = mvc("-v", "compile")
        assert done.out == mvc("compile").out
        assert f"project shop in {shop}: 1 view compiled in " in done.err
        assert "it took " in done.err

    def test_not_both(self, mvc, shop):
        assert mvc("-q", "check", "-v").code == 2


class TestEnvironment:
    def test_each_option_but_consents_has_a_variable(self):
        without = {
            (name, parameter.name)
            for name in COMMANDS
            for parameter in found(name).params
            if isinstance(parameter, click.Option) and not parameter.show_envvar
        }
        assert {option for _, option in without} == {"yes", "allow", "plan", "verify", "json", "force"}

    def test_is_read_where_the_command_line_is_silent(self, mvc, shop, monkeypatch):
        monkeypatch.setenv("MVC_CHECK_FORMAT", "json")
        assert '"format": "mvc.diagnostics"' in mvc("check").out
        assert mvc("check", "--format", "text").out == ""
        assert '"format": "mvc.diagnostics"' in mvc("lint").out

    def test_a_switch(self, mvc, shop, monkeypatch):
        (shop / "schedules" / "refresh.yml").unlink()
        for text, code in (("1", 1), ("yes", 1), ("0", 0), ("", 0)):
            monkeypatch.setenv("MVC_CHECK_STRICT", text)
            assert mvc("check").code == code, text

    def test_what_is_wrong_there_is_called_by_its_name(self, mvc, shop, monkeypatch):
        monkeypatch.setenv("MVC_CHECK_FORMAT", "jsn")
        done = mvc("check")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error: MVC_CHECK_FORMAT: there is no `jsn`")

    def test_nobody_agrees_by_it(self, mvc, shop, monkeypatch):
        for name in ("YES", "ALLOW", "PLAN"):
            monkeypatch.setenv(f"MVC_APPLY_{name}", "nonsense")
        assert "nonsense" not in mvc("apply", "--database", "postgresql://127.0.0.1:1/x").err

    def test_help_tells_of_it(self, mvc):
        told = mvc("refresh", "--help").out
        assert "MVC_REFRESH_TIMEOUT" in told
        assert "DATABASE_URL" in told


class TestMistakes:
    """One style: `error:`, what it is about, what is wrong; below it what is meant, or where it is written."""

    @pytest.mark.parametrize(
        ("arguments", "said", "hint"),
        [
            ("chek", "there is no command `chek`", "did you mean `check`?"),
            ("--nonsense", "mvc has no option `--nonsense`", "mvc --help"),
            ("check --sever", "mvc check has no option `--sever`", "did you mean `--server`?"),
            ("plan --nonsense", "mvc apply has no option `--nonsense`", "mvc apply --help"),
            ("check -x", "mvc check has no option `-x`", "mvc check --help"),
            ("check --str", "mvc check has no option `--str`", "did you mean `--strict`?"),
            ("check --format jsn", "--format: there is no `jsn`; there are text, json", "did you mean `json`?"),
            ("check --format", "option `--format` requires an argument", "mvc check --help"),
            ("check --strict=yes", "option `--strict` does not take a value", "mvc check --help"),
            ("check --server=", "--server: the URL of a database, not nothing", "mvc check --help"),
            ("check --data=", "--data: the URL of a database, not nothing", "mvc check --help"),
            ("run fast", "got unexpected extra argument (fast)", "mvc run --help"),
            ("release", "TABLE[.COLUMN] is missing", "mvc release --help"),
            ("catalog", "pull is missing", "mvc catalog --help"),
            ("catalog push", "pull: there is no `push`; there are pull", "mvc catalog --help"),
            ("schedule crn", "KIND: there is no `crn`", "did you mean `cron`?"),
            ("-C", "option `-C` requires an argument", "mvc --help"),
            ("-C .", "no command is given", "mvc --help lists them"),
            ("--project= check", "--project: a folder, not nothing", "mvc --help"),
            ("refresh --all --timeout soon", "--timeout: a number of seconds", "mvc refresh --help"),
            ("apply --allow drop-veiw", "--allow: `drop-veiw` is no hazard", "did you mean `drop-view`?"),
            ("diff --fail-on braking", "--fail-on: `braking` is no class", "did you mean `breaking`?"),
            ("refresh --all --verify --mode full", "--verify is --mode verify", "leave one of them out"),
            ("refresh --due --verify", "a schedule has its own mode", "mode: full"),
            ("completion tcsh", "SHELL: there is no `tcsh`; there are bash, zsh, fish", "mvc completion --help"),
        ],
    )
    def test_are_told_in_one_style(self, mvc, shop, arguments, said, hint):
        done = mvc(*arguments.split())
        assert (done.code, done.out) == (2, "")
        first, second = done.err.splitlines()
        assert first.startswith(f"error: {said}")
        assert second.startswith(f"  = help: {hint}")

    def test_are_harmless_for_a_terminal(self, mvc, shop):
        assert "\x1b" not in mvc("check", "--\x1b[31m").err + mvc("check", "--format", "\x1b[31m").err
