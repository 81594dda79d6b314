"""The compiler's name on the package index and its version, in one place that nothing heavy needs to import.

The package that is imported and the command are called `mvc`; the distribution is not, since `mvc` on PyPI is a stranger's.
Every install that anything prints is made here, so that none can name that one beside a DATABASE_URL.
"""

from __future__ import annotations

DISTRIBUTION = "mvc-compiler"
VERSION = "0.1.0"


def requirement(extra: str) -> str:
    """The distribution with an extra, as pip reads it."""
    return f"{DISTRIBUTION}[{extra}]"


def install(extra: str) -> str:
    """The command that installs the distribution with an extra, to be pasted into a shell."""
    return f"pip install '{requirement(extra)}'"
