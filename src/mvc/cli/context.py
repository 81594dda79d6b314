"""What every command needs: the project's files, where to write, whether in colour. Data on stdout, talk on stderr."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Final, TextIO

from mvc.cli.failure import Failure
from mvc.cli.project_folder import project_folder
from mvc.diagnostics import Diagnostic
from mvc.report.findings.text import render_diagnostics, summary
from mvc.report.text.sanitize import for_terminal, has_command
from mvc.report.text.screen import Step, is_plain, progress_bar
from mvc.report.text.style import Style
from mvc.workspace.folder import Folder

if TYPE_CHECKING:
    import psycopg

    from mvc.compiled.project import Compiled
    from mvc.model.project import Project


@dataclass
class Context:
    """The surroundings of one command."""

    project_folder: Path | None
    stdout: TextIO
    stderr: TextIO
    style: Style
    data_style: Style
    files: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False
    verbose: bool = False

    @classmethod
    def of_process(cls, project: Path | None, *, quiet: bool = False, verbose: bool = False) -> Context:
        """The real streams, each with colour of its own: `mvc explain MV301 | less` has only its talk on the terminal."""
        styles = _style_of(sys.stderr), _style_of(sys.stdout)
        return cls(project, sys.stdout, sys.stderr, *styles, quiet=quiet, verbose=verbose)

    def folder(self) -> Path:
        """The project's folder. Raises Failure where there is none."""
        return project_folder(self.project_folder)

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
        from mvc.pipeline.cache import compile_cached

        began = time.monotonic()
        self.files = Folder(self.folder())
        compiled = compile_cached(self.files, self.cache(tell=tell))
        views = f"{len(compiled.views)} view{'' if len(compiled.views) == 1 else 's'}"
        self.detail(
            f"project {compiled.project} in {self.folder()}: {views} compiled in {time.monotonic() - began:.2f} s"
        )
        return compiled

    def connect(self, url: str | None) -> psycopg.Connection:
        """A connection to the database of a URL, None for the usual one. Raises ServerError."""
        from mvc.engines.postgres.server.connection import connect

        connection = connect(url)
        info = connection.info
        server = f"PostgreSQL {info.server_version // 10_000}.{info.server_version % 10_000}"
        self.detail(f"connected to {info.dbname} at {info.host}:{info.port} as {info.user}, {server}")
        return connection

    def cache(self, *, tell: bool = True) -> Path | None:
        """The folder of the cache; said, if `tell`, where it is not this user's alone and therefore passed over."""
        from mvc.pipeline.cache import default_folder
        from mvc.pipeline.cache_folder import refused

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
            from mvc.pipeline.compile import compile_settings

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

    def json(self, document: object) -> None:
        """Data for a program."""
        import json

        self.data(json.dumps(document, indent=2, ensure_ascii=False), exact=True)

    def talk(self, text: str, *, trouble: bool = False) -> None:
        """What it has to say besides; with --quiet nothing but what is of `trouble`."""
        if trouble or not self.quiet:
            self.complain(text)

    def detail(self, text: str) -> None:
        """What only --verbose tells."""
        if self.verbose:
            self.complain(text)

    def complain(self, text: str) -> None:
        """What has to be said. That nobody listens any more is no reason to leave a deployment half-way."""
        with suppress(OSError):
            self.stderr.write(for_terminal(text if text.endswith("\n") else f"{text}\n"))

    @property
    def progress(self) -> TextIO:
        """Where it is told what a deployment is at."""
        return StringIO() if self.quiet else self.stderr

    def bar(self, what: str, total: int | None) -> AbstractContextManager[Step]:
        """A progress bar on a terminal, while a block runs."""
        return progress_bar(self.progress, what, total)

    def show(self, diagnostics: Iterable[Diagnostic], *, every: bool = False) -> None:
        """Findings, as text on stderr; with --quiet the errors among them, or `every` one."""
        everything = every or not self.quiet
        if found := tuple(item for item in diagnostics if everything or item.severity == "error"):
            self.complain(render_diagnostics(found, self.files, self.style))

    def refuse(self, diagnostics: Iterable[Diagnostic], outcome: str = "nothing was changed") -> int:
        """All findings, their count, and what became of it. Returns the exit code."""
        found = tuple(diagnostics)
        self.show(found)
        self.complain(summary(found, outcome))
        return 1

    def fail(self, message: str, hint: str, code: int = 1) -> int:
        """An error without a place in a file. Returns the exit code."""
        self.complain(f"{self.style.paint('error', 'error')}: {message}")
        if hint:
            self.complain(f"  = help: {hint}")
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
    """Colour where more than plain lines belong."""
    return Style(not is_plain(stream))
