"""The README begins with what one gets: pictures of what the product says today, and commands that its blocks have."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from bare import blocks

from servers import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURES = {path.name: path for path in (ROOT / "docs" / "pictures").glob("*.svg")}


def test_the_comment_is_as_the_product_writes_it():
    done = subprocess.run(
        [sys.executable, "docs/picture.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", PICTURES)
class TestPicture:
    def test_is_shown_with_words_for_those_who_cannot_see_it(self, name):
        assert re.search(rf"^!\[[^\]]{{40,}}\]\(docs/pictures/{name}\)$", README, re.MULTILINE)

    def test_is_small_and_loads_nothing(self, name):
        text = PICTURES[name].read_text(encoding="utf-8")
        assert len(text) < 20_000
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<script|<image|@import|url\(", text)
        assert ET.fromstring(text).find("{http://www.w3.org/2000/svg}title") is not None

    def test_can_be_read_on_light_and_on_dark(self, name):
        """The contrast of each colour with the card, by WCAG 2.2 (AA: 4.5)."""
        light, _, dark = PICTURES[name].read_text(encoding="utf-8").partition("prefers-color-scheme:dark")
        for style in (light, dark):
            (card,) = re.findall(r"\.card\{fill:(#\w+)", style)
            inks = re.findall(r"(?:text|\.(?!card|head)\w+)\{(?:font[^}]*;)?fill:(#\w+)(?:;white-space:pre)?\}", style)
            assert len(inks) >= 7
            assert [ink for ink in inks if contrast(ink, card) < 4.5] == []


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(letter * 2 for letter in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_three_commands_are_in_the_blocks_that_can_be_pasted():
    (shown,) = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    commands = [line.removeprefix("$ ").partition("#")[0].strip() for line in shown.splitlines()]
    assert len(commands) == 3
    pasted = {
        part.partition("#")[0].strip()
        for block in blocks(README)
        for line in block.splitlines()
        for part in line.split("&&")
    }
    assert set(commands) <= pasted
