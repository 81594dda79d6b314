"""Print the JSON Schema of the language. Editors with a YAML language server complete and check specs by it.

Example:
  mvc schema > .mvc-schema.json
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvc.cli.command import command

if TYPE_CHECKING:
    from mvc.cli.context import Context


@dataclass(frozen=True)
class Options:
    """None."""


@command(Options)
def execute(_options: Options, context: Context) -> int:
    """Prints it."""
    import json

    from mvc.spec.schema import json_schema

    context.data(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
