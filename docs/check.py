"""Documentation that is made from the code, and links that must lead somewhere: `python docs/check.py [--write]`.

Without arguments it fails if a made file is not what the code would make, or a relative link has no file or heading at its
end. Needs nothing but the package itself.
"""

# ruff: noqa: INP001  a script, not a package
from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from cli_page import cli_text  # noqa: E402  beside us, over the package

from mvc.diagnostics.rules import Example, Rule, all_codes, completed, rule  # noqa: E402  the package beside us
from mvc.spec.schema import json_schema  # noqa: E402

_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
_CODE: Final = re.compile(r"^(`{3,}|~{3,}).*?^\1\s*$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_RULES_HEAD: Final = """# Rules

Every finding has a code, and every code a rule: why it exists, a project where it fires, and one where it does not. The same
texts are printed by `mvc explain CODE`. This page is made from `src/mvc/rules/` by `docs/check.py --write`.

"""
_DEFAULTS: Final = """## What the examples leave out

Unless an example has its own, its `mvc.yml` says `catalog: schema.sql`, a schedule refreshes all views every night, and
`schema.sql` holds the tables of a small shop:

"""


def schema_text() -> str:
    """docs/schema.json, what `mvc schema` prints."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def rules_text() -> str:
    """docs/rules.md: a table of all rules, then each of them."""
    rules = [found for code in all_codes() if (found := rule(code))]
    rows = [f"| [{item.code}](#{_anchor(_title(item))}) | {item.title} |" for item in rules]
    table = "\n".join(("| code | what is wrong |", "| --- | --- |", *rows))
    schema = completed({})["schema.sql"].rstrip()
    shared = f"{_DEFAULTS}```sql\n{schema}\n```"
    return _RULES_HEAD + "\n\n".join((table, *map(_section, rules), shared)) + "\n"


def _title(item: Rule) -> str:
    return f"{item.code} · {item.title}"


def _section(item: Rule) -> str:
    examples = [*_shown("Wrong", item.wrong), *_shown("Right", item.right)]
    return "\n\n".join((f"## {_title(item)}", item.prose, *examples))


def _shown(title: str, example: Example) -> Iterator[str]:
    yield f"**{title}**" + (f": {example.prose}" if example.prose else "")
    for path, text in example.files.items():
        yield f"`{path}`\n\n```{path.rpartition('.')[2].replace('yml', 'yaml')}\n{text.rstrip()}\n```"


MADE: Final[Mapping[str, Callable[[], str]]] = {
    "docs/cli.md": cli_text,
    "docs/rules.md": rules_text,
    "docs/schema.json": schema_text,
}


def stale_files(*, write: bool) -> list[str]:
    """The made files that are not what they should be; with `write` they are made so."""
    stale: list[str] = []
    for name, make in MADE.items():
        path, text = ROOT / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if write:
            path.write_text(text, encoding="utf-8")
    return stale


def broken_links() -> list[str]:
    """`file: link` for every relative link of the project's Markdown that leads nowhere."""
    return [
        f"{path.relative_to(ROOT)}: {link}" for path in _markdown() for link in _links(path) if not _leads(path, link)
    ]


def _markdown() -> list[Path]:
    """Markdown files that are part of the project: what git would take, or else all outside of hidden folders."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*.md")]
    visible = (name for name in listed if not any(part.startswith(".") for part in Path(name).parts[:-1]))
    return sorted(path for name in visible if (path := ROOT / name).is_file())


def _links(path: Path) -> list[str]:
    text = _CODE.sub("", path.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not re.match(r"[a-z][a-z0-9+.-]*:", link)]


def _leads(path: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    found = (ROOT / target.lstrip("/") if target.startswith("/") else path.parent / target) if target else path
    if not found.exists():
        return False
    return not anchor or found.suffix != ".md" or anchor in _anchors(found)


def _anchors(path: Path) -> set[str]:
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1\s*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {_anchor(heading) for heading in _HEADING.findall(text)}


def _anchor(heading: str) -> str:
    """What GitHub makes of a heading: lower case, without punctuation, a dash for each space."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def main(arguments: list[str]) -> int:
    """0 if all is well or has been written, 1 if not, 2 for unknown arguments."""
    if unknown := [argument for argument in arguments if argument != "--write"]:
        sys.stderr.write(f"unknown: {' '.join(unknown)}; the only option is --write\n")
        return 2
    write = "--write" in arguments
    stale, links = stale_files(write=write), broken_links()
    for name in stale:
        sys.stderr.write(f"{name}: {'written' if write else 'stale; run docs/check.py --write'}\n")
    for link in links:
        sys.stderr.write(f"{link} leads nowhere\n")
    return 1 if links or (stale and not write) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
