"""The project that `mvc init` writes, as a mapping: something to try the library on."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

STARTER: Final = ("mvc.yml", "schema/shop.sql", "views/daily_revenue.yml", "policies/shop.yml", "schedules/refresh.yml")


def starter() -> dict[str, str]:
    """The files (path → text) of a small project that compiles; `load` takes them."""
    return {
        path: files("mvc.cli").joinpath("starter", *path.split("/")).read_text(encoding="utf-8") for path in STARTER
    }
