"""What a shell offers when Tab is pressed: asked through the scripts that it is given, in the shells that are here."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mvc.cli.commands import ALIASES, COMMANDS, SHELLS
from mvc.cli.main import main
from mvc.diagnostics.rules import all_codes

from .conftest import SCRIPT
from .projects import write

IN_BASH = """
source <(mvc completion bash)
COMP_WORDS=({words})
COMP_CWORD=$(({count} - 1))
_mvc_completion mvc
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
Ask = Callable[..., list[str]]


@pytest.fixture
def ask(capsys) -> Ask:
    """The candidates for the last word, as they are told to zsh, which takes words as they are."""

    def candidates(*words: str) -> list[str]:
        with pytest.MonkeyPatch.context() as asking:
            asking.setenv("_MVC_COMPLETE", "zsh_complete")
            asking.setenv("COMP_WORDS", f"{shlex.join(['mvc', *words[:-1]])} {words[-1]}")
            asking.setenv("COMP_CWORD", str(len(words)))
            capsys.readouterr()
            assert main([]) == 0
        return [line.replace("\\:", ":") for line in capsys.readouterr().out.splitlines()[1::3]]

    return candidates


@pytest.fixture
def in_bash(tmp_path: Path) -> Ask:
    """The same in bash, given the words as it breaks them."""

    def candidates(*words: str) -> list[str]:
        script = IN_BASH.format(words=" ".join(map(shlex.quote, ("mvc", *words))), count=len(words) + 1)
        env = {**os.environ, "PATH": f"{SCRIPT.parent}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=env)
        assert done.stderr == ""
        return done.stdout.split()

    return candidates


class TestWords:
    def test_commands_and_their_other_names(self, ask, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert ask("") == [*COMMANDS, *ALIASES]
        assert ask("comp") == ["compile", "completion"]
        assert ask("-C", ".", "de") == ["demo", "deploy"]

    def test_options(self, ask, shop):
        assert ask("check", "--s") == ["--server", "--strict"]
        assert "--project" in ask("plan", "--")
        assert ask("--pro") == ["--project"]

    @pytest.mark.parametrize(
        ("words", "offered"),
        [
            (("check", "--format", "g"), ["github", "gitlab"]),
            (("check", "--format=g"), ["--format=github", "--format=gitlab"]),
            (("diff", "--format", "s"), ["sql"]),
            (("refresh", "--mode", "f"), ["full"]),
            (("schedule", "c"), ["cron"]),
            (("catalog", ""), ["pull"]),
            (("completion", ""), list(SHELLS)),
            (("diff", "--fail-on", "ac"), ["access-loosened", "access-tightened"]),
            (("diff", "--fail-on", "breaking,acc"), ["breaking,access-loosened", "breaking,access-tightened"]),
            (("apply", "--allow", "drop-view,drop"), ["drop-view,drop-column"]),
            (("explain", "MV80"), [code for code in all_codes() if code.startswith("MV80")]),
        ],
    )
    def test_values_of_a_list(self, ask, shop, words, offered):
        assert ask(*words) == offered


class TestNames:
    @pytest.fixture(autouse=True)
    def project(self, sales: Path) -> Path:
        return write(
            sales,
            {
                "views/deep/tagged.yml": "# view: not_this\nview: 'tagged'\ntags: [finance, daily]\n",
                "views/listed.yml": "view: listed\ntags:\n  - weekly\n  - finance\nsources: {x: {view: sales}}\n",
                "views/single.yml": "view: single\ntags: alone\n",
                "views/evil.yml": "view: $(touch ran)\ntags: [a;b, '`x`']\n",
                "views/option.yml": "view: '--yes'\n",
                "views/latin.yml": "",
                "schedules/more.yml": "schedules:\n  - schedule: nightly\n    refresh: all\n",
            },
        )

    @pytest.mark.parametrize("command", ["check", "compile", "apply", "plan", "refresh", "status"])
    def test_views_and_tags(self, ask, command):
        names = ["listed", "now", "sales", "single", "tagged", "top"]
        tags = ["tag:alone", "tag:daily", "tag:finance", "tag:weekly"]
        assert sorted(ask(command, "")) == sorted([*names, "all", *tags])
        assert ask(command, "sa") == ["sales"]
        assert ask(command, "+sa") == ["+sales"]
        assert sorted(ask(command, "sales", "tag:f")) == ["tag:finance"]

    def test_a_name_that_two_schemas_have_is_offered_with_its_schema(self, ask, project):
        write(project, {f"views/{schema}.yml": f"view: totals\nschema: {schema}\n" for schema in ("crm", "web")})
        assert [name for name in ask("refresh", "") if "totals" in name] == ["crm.totals", "web.totals"]

    def test_schedules(self, ask):
        assert ask("refresh", "--schedule", "") == ["all", "nightly"]

    def test_of_the_project_that_is_named(self, ask, project, monkeypatch):
        monkeypatch.chdir("/")
        assert ask("check", "sa") == []
        assert ask("-C", str(project), "check", "sa") == ["sales"]
        assert ask("check", "-C", str(project), "sa") == ["sales"]
        monkeypatch.setenv("MVC_PROJECT", str(project))
        assert ask("check", "sa") == ["sales"]

    def test_what_cannot_be_read_is_passed_over(self, ask, project):
        (project / "views" / "latin.yml").write_bytes(b"view: caf\xe9\n")
        assert ask("check", "sal") == ["sales"]

    def test_tables_and_columns_of_the_compiled_project(self, ask, project):
        for path in ("deep/tagged.yml", "listed.yml", "single.yml", "evil.yml", "option.yml", "latin.yml"):
            (project / "views" / path).unlink()
        (project / "schedules" / "more.yml").unlink()
        assert ask("release", "") == ["o", "o.amount", "o.city", "o.day", "o.id"]
        assert ask("release", "o.am") == ["o.amount"]
        assert ask("release", "public.o.am") == ["public.o.amount"]

    def test_no_columns_of_one_that_does_not_compile(self, ask):
        assert ask("release", "") == []


def test_a_command_is_completed_without_being_imported():
    code = (
        "import sys; from mvc.cli.main import main; main([])\n"
        "assert not {'mvc.cli.check', 'mvc.cli.context', 'mvc.diagnostics', 'yaml'} & set(sys.modules)"
    )
    env = {**os.environ, "_MVC_COMPLETE": "bash_complete", "COMP_WORDS": "mvc che", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert (done.stdout, done.stderr) == ("plain,check\n", "")


class TestShells:
    @pytest.mark.parametrize("shell", SHELLS)
    def test_the_script_is_one(self, console, shell):
        done = console("completion", shell)
        assert (done.code, done.err) == (0, "")
        if program := shutil.which(shell):
            checked = subprocess.run([program, "-n"], input=done.out, text=True, capture_output=True, check=False)
            assert (checked.returncode, checked.stderr) == (0, "")

    @pytest.mark.parametrize(
        ("words", "offered"),
        [
            (("ap",), ["apply"]),
            (("check", "sa"), ["sales"]),
            (("check", "tag", ":"), ["finance"]),
            (("check", "tag", ":", "fin"), ["finance"]),
            (("check", "--format", "=", "js"), ["json"]),
            (("check", "--format", "="), ["text", "json", "github", "sarif", "gitlab", "junit"]),
            (("diff", "--fail-on", "breaking,access-l"), ["breaking,access-loosened"]),
        ],
    )
    def test_bash_breaks_words_and_gets_what_follows_the_break(self, in_bash, sales, words, offered):
        write(sales, {"views/tagged.yml": "view: tagged\ntags: [finance]\n"})
        assert in_bash(*words) == offered

    def test_fish_is_told_commas(self, mvc):
        assert 'string split --max 1 "," $completion' in mvc("completion", "fish").out

    @pytest.mark.parametrize("asked", ["bash_source", "tcsh_complete", "bash", "zsh_complete"])
    def test_nothing_is_said_where_it_cannot_be_answered(self, console, asked):
        """Among them a call without the words."""
        done = console(env={"_MVC_COMPLETE": asked})
        assert (done.code, done.out, done.err) == (1, "", "")
