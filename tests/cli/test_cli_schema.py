"""`mvc schema` and `mvc explain`: what an editor and a reader are told."""

from __future__ import annotations

import importlib.util
import json

import pytest

from mvc.diagnostics.rules import all_codes
from mvc.source import read
from servers import ROOT

FOLDERS = {"views": "view", "policies": "policies", "schedules": "schedules", "partitions": "partitions"}


@pytest.fixture
def schema(mvc):
    done = mvc("schema")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def project_files():
    yield from ((path, path.read_text(encoding="utf-8")) for path in [ROOT / "mvc.yml", *sorted(ROOT.glob("*/*.yml"))])


def references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
        node = list(node.values())
    for item in node if isinstance(node, list) else []:
        yield from references(item)


def test_is_a_json_schema(schema):
    assert schema["$schema"].startswith("https://json-schema.org/")


def test_every_reference_leads_somewhere(schema):
    for reference in references(schema):
        target = schema
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def test_every_key_is_described_or_named_for_what_it_is(schema):
    """At least the keys of a project, which a newcomer meets first."""
    text = json.dumps(schema)
    assert all(f'"{key}"' in text for key in ("view", "sources", "dimensions", "aggregates", "policies", "schedules"))
    assert text.count('"description"') > 30


@pytest.mark.skipif(importlib.util.find_spec("jsonschema") is None, reason="needs the package jsonschema")
def test_the_reference_project_is_valid_by_it(schema):
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for path, text in project_files():
        if path.parent.name in FOLDERS or path.name == "mvc.yml":
            document, _ = read(path.name, text)
            assert document is not None
            errors = [error.message for error in validator.iter_errors(json.loads(json.dumps(document.data)))]
            assert errors == [], path


@pytest.mark.skipif(importlib.util.find_spec("jsonschema") is None, reason="needs the package jsonschema")
@pytest.mark.parametrize("text", ["view: x\nsource: {}\n", "policies: [{policy: x}]\n", "nonsense: 1\n"])
def test_a_mistake_is_not(schema, text):
    import jsonschema

    document, _ = read("x.yml", text)
    assert document is not None
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document.data))


def test_explain_lists_every_code(mvc):
    done = mvc("explain")
    assert (done.code, done.err) == (0, "")
    assert [line[:5] for line in done.out.splitlines()] == list(all_codes())


def test_explain_one(mvc):
    done = mvc("explain", "mv301")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("MV301: ")
    assert "Wrong" in done.out
    assert "Right" in done.out


def test_explain_an_unknown_code(mvc):
    done = mvc("explain", "MV3O1")
    assert (done.code, done.out) == (1, "")
    assert "there is no rule `MV3O1`" in done.err
    assert "MV301" in done.err


@pytest.mark.parametrize("command", [["schema"], ["explain", "MV301"]])
def test_need_no_project(mvc, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert mvc(*command).code == 0
