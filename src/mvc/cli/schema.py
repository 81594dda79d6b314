"""Print the JSON Schema of the language. Editors with a YAML language server complete and check specs by it.

Example:
  mvc schema > .mvc-schema.json
"""

from __future__ import annotations

import argparse
import json

from mvc.cli.context import Context


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """No options."""


def execute(_options: argparse.Namespace, context: Context) -> int:
    """Prints it."""
    from mvc.spec.schema import json_schema

    context.data(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
