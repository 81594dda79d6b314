"""What every command needs: the project's files, where to write, whether in colour. Data on stdout, talk on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Final, TextIO

from mvc.diagnostics import Diagnostic
from mvc.report.diagnostics import render_diagnostics, summary
from mvc.report.style import Style
from mvc.report.visible import for_terminal, has_command
from mvc.workspace import PROJECT_FILE, Folder, find_project

if TYPE_CHECKING:
    from mvc.compiled import Compiled
    from mvc.model.project import Project


class Failure(Exception):
    """The operation cannot be done; the message and the hint are for a user."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Usage(Failure):
    """The command line itself is at fault."""


@dataclass
class Context:
    """The surroundings of one command."""

    project_folder: Path | None
    stdout: TextIO
    stderr: TextIO
    style: Style
    data_style: Style
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_process(cls, project: Path | None) -> Context:
        """The real streams, each with colour of its own: `mvc explain MV301 | less` has only its talk on the terminal."""
        return cls(project, sys.stdout, sys.stderr, _style_of(sys.stderr), _style_of(sys.stdout))

    def folder(self) -> Path:
        """The project's folder. Raises Failure where there is none."""
        if self.project_folder is not None:
            if not (self.project_folder / PROJECT_FILE).is_file():
                raise Failure(
                    f"{self.project_folder} has no {PROJECT_FILE}", "mvc init writes a small project that compiles"
                )
            return self.project_folder
        found = find_project(Path.cwd())
        if found is None:
            hint = "mvc init writes a small project that compiles; --project DIR names another folder"
            raise Failure(f"there is no {PROJECT_FILE} here or above", hint)
        return found

    def load(self) -> Project:
        """The project that was compiled, as its specs have it. Raises ProjectError."""
        from mvc import load

        return load(self.files)

    def compile(self) -> Compiled:
        """The compiled project, from the cache where nothing has changed; its warnings are shown. Raises ProjectError."""
        compiled = self.compile_silently(tell=True)
        self.show(compiled.diagnostics)
        return compiled

    def compile_silently(self, *, tell: bool = False) -> Compiled:
        """The compiled project, for what runs each minute: its warnings were shown when it was deployed. `tell` still says
        where the cache cannot be used. Raises ProjectError.
        """
        from mvc.cache import compile_cached

        self.files = Folder(self.folder())
        return compile_cached(self.files, self.cache(tell=tell))

    def cache(self, *, tell: bool = True) -> Path | None:
        """The folder of the cache; said, if `tell`, where it is not this user's alone and therefore passed over."""
        from mvc.cache import default_folder
        from mvc.cache_folder import refused

        folder = default_folder()
        if tell and folder and (reason := refused(folder)):
            self.talk(f"the cache {folder} is not used: {reason}")
        return folder

    def deployed(self) -> Compiled:
        """The project for commands that go by what is deployed of it: one that does not compile is as good. Raises
        ProjectError where `mvc.yml` itself is broken.
        """
        from mvc.diagnostics import ProjectError

        try:
            return self.compile_silently()
        except ProjectError:
            from mvc.compiler import compile_settings

            compiled = compile_settings(self.files)
            self.talk("the project does not compile (mvc check): going by mvc.yml and what is deployed")
            return compiled

    def data(self, text: str, *, exact: bool = False) -> None:
        """What the command was asked for: byte for byte for a file or a pipe, made harmless for a terminal and the log of a job. What is `exact` is
        for a program: for a pipe it is not changed, and refused (Failure) where it may be such a log, which would take a part of it for a command.
        """
        in_log = _is_log(self.stdout)
        if exact and in_log and has_command(text):
            hint = "write it to a file: mvc … > FILE"
            raise Failure("the output holds what the log of this job would take for a command", hint)
        text = for_terminal(text) if self.stdout.isatty() or (in_log and not exact) else text
        self.stdout.write(text if text.endswith("\n") else f"{text}\n")

    def talk(self, text: str) -> None:
        """What it has to say besides. That nobody listens any more is no reason to leave a deployment half-way."""
        with suppress(OSError):
            self.stderr.write(for_terminal(text if text.endswith("\n") else f"{text}\n"))

    def show(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Findings, as text on stderr."""
        if found := tuple(diagnostics):
            self.talk(render_diagnostics(found, self.files, self.style))

    def refuse(self, diagnostics: Iterable[Diagnostic], outcome: str = "nothing was changed") -> int:
        """All findings, their count, and what became of it. Returns the exit code."""
        found = tuple(diagnostics)
        self.show(found)
        self.talk(summary(found, outcome))
        return 1

    def fail(self, message: str, hint: str, code: int = 1) -> int:
        """An error without a place in a file. Returns the exit code."""
        self.talk(f"{self.style.paint('error', 'error')}: {message}")
        if hint:
            self.talk(f"  = help: {hint}")
        return code


_RUNS_JOBS: Final = (
    "GITHUB_ACTIONS",
    "TF_BUILD",
    "TEAMCITY_VERSION",
)  # variables of services that take commands from a log


def _is_log(stream: TextIO) -> bool:
    """Whether it may be the log of a job: such a service runs this, and the stream is no file."""
    if not any(map(os.environ.get, _RUNS_JOBS)):
        return False
    try:
        return not S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # kept in memory
        return True


def _style_of(stream: TextIO) -> Style:
    """Colour where it is a terminal and NO_COLOR is not set (no-color.org)."""
    return Style(stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")
