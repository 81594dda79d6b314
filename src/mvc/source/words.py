"""Names as YAML has them: what a help line says can be pasted."""

from __future__ import annotations

import json
import re
from typing import Final

_PLAIN: Final = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)
_MEANS_SOMETHING: Final = frozenset({"null", "true", "false"})


def yaml_name(name: str) -> str:
    """A name as a scalar, also within brackets: as it is where that is no other value, else within double quotes."""
    if _PLAIN.match(name) and name.lower() not in _MEANS_SOMETHING:
        return name
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\x7f")
