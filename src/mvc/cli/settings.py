"""What a command line says of the whole run, before or after the command: the project, how much is told."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mvc.cli.context import Context


class CommandSettings:
    """Filled while click reads the command line; the surroundings of the command are made of it when somebody needs them."""

    def __init__(self) -> None:
        self.project: str | None = None
        self.quiet = False
        self.verbose = False

    @cached_property
    def context(self) -> Context:
        """The surroundings, made when they are first asked for: help needs none."""
        from pathlib import Path

        from mvc.cli.context import Context

        project = None if self.project is None else Path(self.project)
        return Context.of_process(project, quiet=self.quiet, verbose=self.verbose)
