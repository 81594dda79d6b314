"""What MkDocs asks for while it builds the site: pages that lie outside of docs/, and the reference of the library.

README, ARCHITECTURE and the like stay where those look who have a clone; here they are pages as well, with links that lead to pages.
"""

# ruff: noqa: INP001  a hook of MkDocs, not a package
from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import mvc  # noqa: E402  the package beside us

PAGES: Final[Mapping[str, str]] = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK: Final = re.compile(r"\]\(((?:\.\./)*)([\w./-]+)(#[\w-]+)?\)")
_SIGN: Final = "cli.md"  # made from the command line's own tree, where that is done
_HEAD: Final = """# The library's reference

Everything that `mvc` exports, made from the docstrings. [As a library](library.md) says what is for what, with examples.

"""


def _is_error(name: str) -> bool:
    found = getattr(mvc, name)
    return isinstance(found, type) and issubclass(found, Exception)


_KINDS: Final = (
    ("Functions", "Whatever the command does.", lambda name: name.islower()),
    ("The language", "A project made in Python.", lambda name: name.endswith(("Spec", "Specs"))),
    ("Errors", "What is raised.", _is_error),
    ("Options and results", "What functions take and give.", lambda name: not name.startswith("_")),
)


def on_config(config: Any) -> Any:
    """The page of the command line is in the navigation where there is one."""
    if (ROOT / "docs" / _SIGN).is_file():
        (reference,) = [part["Reference"] for part in config.nav if isinstance(part, dict) and "Reference" in part]
        if _SIGN not in reference:
            reference.insert(1, _SIGN)
    return config


def on_files(files: Files, config: Any) -> Files:
    """The pages that docs/ does not have."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, "api.md", content=_HEAD + "\n".join(_sections())))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Links as they are in the repository, leading to pages."""
    depth = 0 if page.file.src_uri in PAGES.values() else page.file.src_uri.count("/") + 1
    return _LINK.sub(lambda found: f"]({_target(found[1].count('..'), found[2], depth)}{found[3] or ''})", markdown)


def on_post_page(output: str, **_: Any) -> str:
    """What readers of a screen stumble over: the theme's search is a dialog without a name, and a head without words is none."""
    named = output.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
    return re.sub(r"<th( [^>]*)?></th>", r"<td\1></td>", named)


def _target(ups: int, path: str, depth: int) -> str:
    """A link of a page that lies `depth` folders below the repository's root, as a link of the site."""
    if ups < depth:
        return f"{'../' * ups}{path}"
    back = "../" * max(depth - 1, 0)
    return f"{back}{PAGES.get(path, path.removeprefix('docs/'))}"


def _sections() -> list[str]:
    left = sorted(name for name in mvc.__all__ if not name.startswith("_"))
    parts = []
    for title, says, has in _KINDS:
        names = [name for name in left if has(name)]
        left = [name for name in left if name not in names]
        parts.append(f"## {title}\n\n{says}\n\n" + "\n\n".join(f"::: mvc.{name}" for name in names) + "\n")
    return parts
