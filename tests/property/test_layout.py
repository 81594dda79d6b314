"""How a project is written down, and by which process it is read, leaves no trace in what is compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import yaml
from hypothesis import assume, given, note
from hypothesis import strategies as st

from .compiled import compiled_or_none, compiled_text
from .examples import EXAMPLES
from .specs import Case, cases
from .views import as_mapping
from .yaml_text import Layout, write

pytestmark = pytest.mark.slow

seeds = st.integers(1, 1_000_000)
COMPILE = """
import json, sys, mvc
for files in json.load(sys.stdin):
    try:
        print(mvc.compile(mvc.load(files)).sql)
    except mvc.ProjectError as refusal:
        print(refusal)
"""


def _texts(node: object) -> object:
    """The document as a loader sees it that makes a string of every scalar."""
    if isinstance(node, dict):
        return {key: _texts(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_texts(value) for value in node]
    return node if isinstance(node, str) else json.dumps(node)


@given(case=cases(), seed=seeds)
def test_layouts_are_the_same_document(case: Case, seed: int) -> None:
    """The test's own writer on trial."""
    document = as_mapping(case.view, case.by_name)
    text = write(document, Layout(seed, shuffle_sources=True))
    note(text)
    assert yaml.load(text, yaml.BaseLoader) == _texts(document)


@pytest.mark.parametrize("shuffle_sources", [False, True], ids=["sources in order", "sources shuffled"])
@given(case=cases(), seed=seeds)
def test_layout_does_not_matter(case: Case, seed: int, shuffle_sources: bool) -> None:
    assume(compiled_or_none(case) is not None)
    layout = Layout(seed, shuffle_sources)
    note(case.files(layout)["views/v.yml"])
    assert compiled_text(case, layout) == compiled_text(case)


def test_compile_is_deterministic() -> None:
    """Two processes whose sets iterate in different orders."""
    first, second = (_compiled_with(seed) for seed in ("1", "2"))
    assert first == second


def _compiled_with(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    projects = json.dumps([example.case.files() for example in EXAMPLES])
    run = subprocess.run(
        [sys.executable, "-c", COMPILE], input=projects, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
