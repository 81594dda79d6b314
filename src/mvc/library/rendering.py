"""Results as the command prints them: text, Markdown, JSON and what else tools read. One function, by the kind of the result."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mvc.library.printers import PRINTERS, Printer


def render(result: object, form: str = "text", *, name: str = "") -> str:
    """A result as the command prints it, without colour.

    `form` is `text` or `json` and, for findings, `github`, `sarif`, `gitlab`, `junit`; for a difference `markdown`; for a compiled project
    `sql`; for a status `prometheus` and `html`. `name` is what a plan calls its database, a difference or a page its project. Raises
    ValueError for a form that such a result does not have, with those that it has.
    """
    forms: Mapping[str, Printer] = next((item for kind, item in _printers() if isinstance(result, kind)), {})
    if form not in forms:
        listed = ", ".join(forms) or "none"
        raise ValueError(f"there is no form {form!r} of {type(result).__name__}; there are: {listed}")
    return forms[form](result, name)


def _printers() -> tuple[tuple[type, Mapping[str, Printer]], ...]:
    """By kind. Those of what talks to servers need the driver, which whoever has such a result has imported."""
    if "psycopg" not in sys.modules:
        return tuple(PRINTERS.items())
    from mvc.library.server_printers import PRINTERS as OF_SERVERS  # noqa: PLC0415 - an extra

    return (*OF_SERVERS.items(), *PRINTERS.items())
