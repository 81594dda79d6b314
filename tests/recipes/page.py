"""docs/recipes.md as data: each recipe with its YAML, the tables at the end, and what was written by hand for the same question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from servers import ROOT

HERE: Final = Path(__file__).parent
_PAGE: Final = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
_RECIPE: Final = re.compile(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLES: Final = re.findall(r"^```sql\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)[-1]
LONGEST: Final = 25  # lines of YAML


@dataclass(frozen=True)
class Recipe:
    """A recipe: its heading, the name of its view, the YAML, and SQL for the same rows."""

    title: str
    view: str
    yaml: str
    by_hand: str

    def files(self, mode: str | None = None) -> Mapping[str, str]:
        """A project of this view alone, refreshed in a mode where one is named."""
        refresh = {"schedule": "often", "refresh": [self.view], "every": "*/15 * * * *"} | (
            {"mode": mode} if mode else {}
        )
        schedule = "schedules:\n  - " + "\n    ".join(f"{key}: {_flow(value)}" for key, value in refresh.items())
        return {
            "mvc.yml": "project: recipes\ncatalog: shop.sql\n",
            "shop.sql": TABLES,
            f"views/{self.view}.yml": self.yaml,
            "schedules/all.yml": schedule + "\n",
        }


def _flow(value: str | list[str]) -> str:
    return f"[{', '.join(value)}]" if isinstance(value, list) else f'"{value}"'


def _recipes() -> list[Recipe]:
    found = []
    for title, yaml in _RECIPE.findall(_PAGE):
        view = yaml.partition("\n")[0].removeprefix("view: ")
        found.append(Recipe(title, view, yaml, (HERE / "by_hand" / f"{view}.sql").read_text(encoding="utf-8")))
    return found


RECIPES: Final = _recipes()


def rows(scale: int) -> str:
    """Statements that fill the tables."""
    return (HERE / "rows.sql").read_text(encoding="utf-8").replace(":scale", str(scale))


CHANGES: Final = (HERE / "changes.sql").read_text(encoding="utf-8")
