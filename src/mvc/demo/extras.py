"""What the demo needs beyond `mvc` itself, and what to say where it is missing."""

from __future__ import annotations

from mvc.version import install


class ExtraMissing(Exception):
    """A package of the extra `demo` is not installed, or cannot be loaded. `hint` says how to get it."""

    def __init__(self, problem: ImportError) -> None:
        package = (problem.name or "").partition(".")[0]
        super().__init__(f"the demo needs the package {package}" if package else f"the demo cannot run: {problem}")
        self.hint = install("demo")
