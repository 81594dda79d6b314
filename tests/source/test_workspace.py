"""What a folder holds that is no file of the project is refused by name, at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mvc.cli.main import main
from mvc.diagnostics import ProjectError
from mvc.diagnostics.rules import completed
from mvc.pipeline.compile import compile_files
from mvc.workspace.folder import MAX_BYTES, Folder

VIEW = "view: v\nsources: {o: {table: orders}}\ndimensions: {id: o.id}\n"
TOKEN = "token: [ghp_secret"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for path, text in completed({"views/v.yml": VIEW}).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (folder / ".git").mkdir()
    for secret in (folder / ".git" / "config", tmp_path / "secret.yml", tmp_path / "secret.sql"):
        secret.write_text(TOKEN)
    return folder


def place_one(folder: Path, kind: str, path: str) -> None:
    place = folder / path
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "huge":
        with place.open("wb") as file:
            file.truncate(MAX_BYTES + 1)
    else:
        place.symlink_to(kind)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "path", ["views/e.yml", "policies/e.yml", "schedules/e.yml", "partitions/e.yml", "schema.sql", "mvc.yml"]
)
@pytest.mark.parametrize(
    "kind",
    [
        "../.git/config",
        "../../secret.yml",
        "/etc/passwd",
        "/dev/zero",
        "/dev/stdin",
        "pipe",
        "huge",
        "e.yml",
        "../views",
    ],
)
def test_it_is_refused_by_name(project: Path, path: str, kind: str) -> None:
    (project / path).parent.mkdir(exist_ok=True)
    (project / path).unlink(missing_ok=True)
    target = kind if "/" in path or not kind.startswith("../") else kind.removeprefix("../")
    place_one(project, path.rpartition("/")[2] if kind == "e.yml" else target, path)
    if (project / path).is_dir():
        return  # a linked folder is not looked into, and no file
    with pytest.raises(ProjectError) as refused:
        compile_files(Folder(project))
    said = [item for item in refused.value.diagnostics if item.span.path == path]
    assert said, refused.value
    assert "this file cannot be read: it " in said[0].title
    assert "ghp_secret" not in str(refused.value)


def test_a_link_within_the_project_is_followed(project: Path) -> None:
    (project / "ddl").mkdir()
    (project / "schema.sql").rename(project / "ddl" / "tables.sql")
    (project / "schema.sql").symlink_to("ddl/tables.sql")
    assert compile_files(Folder(project)).views


def test_the_project_itself_may_be_reached_by_a_link(project: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(project)
    assert compile_files(Folder(tmp_path / "linked")).views


@pytest.mark.parametrize("linked", ["out/deploy.sql", "out/views"])
def test_output_does_not_follow_links(
    project: Path, tmp_path: Path, linked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (project / "out").mkdir()
    (project / linked).symlink_to(elsewhere if linked == "out/views" else elsewhere / "x.sql")
    assert main(["--project", str(project), "compile", "--output", f"{project}/out/"]) == 1
    assert "is a link" in capsys.readouterr().err
    assert not list(elsewhere.iterdir())
    assert len(list((project / "out").iterdir())) == 1


def test_output_may_be_a_link_that_the_user_names(project: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "real")
    assert main(["--project", str(project), "compile", "--output", f"{tmp_path}/out/"]) == 0
    assert (tmp_path / "real" / "deploy.sql").is_file()
    (tmp_path / "one.sql").symlink_to(tmp_path / "real" / "one.sql")
    assert main(["--project", str(project), "compile", "--output", str(tmp_path / "one.sql")]) == 0
    assert (tmp_path / "real" / "one.sql").is_file()
