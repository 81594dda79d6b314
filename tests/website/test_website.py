"""The site as readers meet it, in a browser, at the width of a desk and of a telephone: nothing leads nowhere, nothing complains, all can use it.

Needs the extra `docs` and Chromium (Debian's package, or `playwright install chromium`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import pytest

from servers import ROOT, need

pytestmark = pytest.mark.slow
WIDTHS = (1280, 390)
LOOKED_AT = ("index.html", "language.html", "library.html", "adr/index.html")  # by axe, which takes its time
LEFT = "net::ERR_ABORTED"  # what was still asked for when the next page was
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

if find_spec("mkdocs") is None or find_spec("playwright") is None:
    pytest.skip("the extra docs is not installed (make docs installs it)", allow_module_level=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The URL of the site on this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        need(program or own.is_file(), "Chromium (Debian's package chromium)")
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"] if os.getuid() == 0 else [])
        yield opened
        opened.close()


def pages(site: Path) -> list[str]:
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


def test_no_link_leads_nowhere(site):
    """Those within the site, with their headings; what is loaded comes from the site as well."""
    texts = {page: (site / page).read_text(encoding="utf-8") for page in pages(site)}
    ids = {page: set(re.findall(r'\sid="([^"]*)"', text)) for page, text in texts.items()}
    dead = []
    for page, text in texts.items():
        for link in re.findall(r'\s(?:href|src)="([^"]*)"', text):
            path, anchor = map(unquote, urldefrag(link))
            if re.match(r"[a-z]+:", path) or page == "404.html":
                continue
            target = (site / page).parent / path if path else site / page
            name = os.path.relpath(target / "index.html" if target.is_dir() else target, site)
            if not (site / name).is_file() or (anchor and name in ids and anchor not in ids[name] | {"__top"}):
                dead.append(f"{page}: {link}")
    assert dead == []
    assert len(texts) > 15
    loaded = {
        url
        for text in texts.values()
        for url in re.findall(r'<(?:script|img|link)[^>]* (?:src|href)="(https?:[^"]*)"', text)
    }
    assert {url for url in loaded if "canonical" not in url} == set()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_complains(site, served, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    told: list[str] = []
    page.on(
        "console", lambda said: told.append(f"{page.url}: {said.text}") if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda problem: told.append(f"{page.url}: {problem}"))
    page.on("requestfailed", lambda asked: told.append(f"{page.url}: {asked.url}") if asked.failure != LEFT else None)
    page.on(
        "response",
        lambda answer: told.append(f"{page.url}: {answer.url}: {answer.status}") if answer.status >= 400 else None,
    )
    wide = []
    for name in pages(site):
        page.goto(f"{served}/{name}", wait_until="load")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            wide.append(name)
    page.close()
    assert told == []
    assert wide == []  # a page that scrolls sideways


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_everybody_can_use_it(served, browser, width, scheme):
    """WCAG 2.2, A and AA, as far as axe finds out."""
    from axe_playwright_python.base import AXE_FILE_PATH

    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    options = {
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        "resultTypes": ["violations"],
    }
    faults = set()
    once = ("api.html", "rules.html") if (width, scheme) == (WIDTHS[0], "light") else ()
    for name in (*LOOKED_AT, *once):
        page.goto(f"{served}/{name}", wait_until="load")
        page.add_script_tag(path=AXE_FILE_PATH)
        found = page.evaluate("options => axe.run(options)", options)
        faults |= {
            f"{name}: {item['id']}: {node['target']}" for item in found["violations"] for node in item["nodes"][:3]
        }
    page.close()
    assert faults == set()
