"""A hit is what a compile would have given; whatever is wrong with an entry, it is as if there were none."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mvc.diagnostics import ProjectError
from mvc.pipeline import cache
from mvc.pipeline.cache import KEPT, compile_cached, default_folder
from mvc.pipeline.cache_folder import refused
from mvc.pipeline.compile import compile_files
from servers import ROOT


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def sealed(payload: bytes) -> bytes:
    return hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload


def shortened(data: bytes) -> bytes:
    """A well-made entry whose compile has a field too few, as another version might write it."""
    content = json.loads(data.partition(b"\n")[2])
    del content["compiled"]["views"][0]["grain"]
    return sealed(json.dumps(content).encode())


DAMAGES = {
    "empty": lambda _: b"",
    "a line break": lambda _: b"\n",
    "truncated": lambda data: data[: len(data) // 2],
    "a byte short": lambda data: data[:-1],
    "a byte long": lambda data: data + b"x",
    "changed": lambda data: data.replace(b"SELECT", b"DELETE", 1),
    "flipped in the seal": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "flipped in the payload": lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
    "binary": lambda _: bytes(range(256)) * 20,
    "without its seal": lambda data: data.partition(b"\n")[2],
    "a list": lambda _: sealed(b"[]"),
    "nothing": lambda _: sealed(b"null"),
    "an empty object": lambda _: sealed(b"{}"),
    "not UTF-8": lambda _: sealed(b"\xff\xfe"),
    "of another key": lambda _: sealed(b'{"key": "x", "compiled": []}'),
    "of neither a project nor errors": lambda data: sealed(
        json.dumps({"key": json.loads(data.partition(b"\n")[2])["key"], "compiled": None, "errors": []}).encode()
    ),
    "nested without end": lambda _: sealed(b"[" * 100_000),
    "a field too few": shortened,
}


@pytest.fixture
def counted(monkeypatch):
    """How often the compiler was asked."""
    asked = []

    def count(files, absent=frozenset()):
        asked.append(1)
        return compile_files(files, absent)

    monkeypatch.setattr("mvc.pipeline.compile.compile_files", count)
    return asked


class TestHit:
    def test_equals_a_miss(self, files, tmp_path, counted):
        first = compile_cached(files, tmp_path)
        second = compile_cached(files, tmp_path)
        assert len(counted) == 1
        assert first == second == compile_files(files)
        assert first.sql == second.sql
        assert hash(second.views[0]) == hash(first.views[0])  # all of it is immutable

    def test_equals_a_miss_for_the_reference_project(self, tmp_path, counted):
        from mvc.workspace.folder import Folder

        first = compile_cached(Folder(ROOT), tmp_path)
        second = compile_cached(Folder(ROOT), tmp_path)
        assert len(counted) == 1
        assert first == second

    def test_keeps_warnings(self, files, tmp_path, counted):
        compile_cached(files, tmp_path)
        found = compile_cached(files, tmp_path).diagnostics
        assert len(counted) == 1
        assert [item.code for item in found] == ["MV409"]
        assert found == compile_files(files).diagnostics
        assert found[0].span.path == "views/b.yml"

    @pytest.mark.slow
    def test_imports_neither_the_compiler_nor_what_it_stands_on(self, files, tmp_path):
        project = tmp_path / "project"
        for name, text in files.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        code = (
            "import sys; from pathlib import Path; from mvc.pipeline.cache import compile_cached; from mvc.workspace.folder import Folder\n"
            f"compile_cached(Folder(Path({str(project)!r})), Path({str(tmp_path / 'cache')!r}))\n"
            "print(*sorted({n.partition('.')[0] for n in sys.modules} & {'sqlglot', 'pydantic', 'psycopg', 'rich'}))"
        )
        said = [
            subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
            for _ in range(2)
        ]
        assert said == [["pydantic", "sqlglot"], []]

    @pytest.mark.parametrize("command", [["compile", "--output", "out.sql"], ["check"], ["check", "--modes"]])
    def test_nor_does_the_command(self, files, tmp_path, monkeypatch, command):
        """What a command imports on a hit is what one waits for."""
        monkeypatch.chdir(tmp_path)
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        code = (
            f"import os, sys; os.environ['XDG_CACHE_HOME'] = {str(tmp_path / 'cache')!r}; from mvc.cli.main import main\n"
            f"main(['--project', {str(tmp_path)!r}, *{command!r}])\n"
            "print('imported', *sorted({n.partition('.')[0] for n in sys.modules} & {'sqlglot', 'pydantic', 'psycopg', 'rich'}))"
        )
        run = [sys.executable, "-c", code]
        said = [subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(2)]
        assert [text.splitlines()[-1] for text in said] == ["imported pydantic sqlglot", "imported"]


class TestMiss:
    @pytest.mark.parametrize(
        ("path", "before", "after"),
        [
            ("views/a.yml", "t.n,", "t.n + 1,"),
            ("views/a.yml", "view: a", "view: a "),
            ("policies/p.yml", "n > 1", "n > 2"),
            ("schedules/s.yml", "0 * * * *", "1 * * * *"),
            ("schema/t.sql", "n int", "n bigint"),
            ("mvc.yml", "project: shop", "project: shed"),
        ],
    )
    def test_after_a_change(self, files, tmp_path, counted, path, before, after):
        compile_cached(files, tmp_path)
        assert before in files[path]
        changed = {**files, path: files[path].replace(before, after)}
        assert compile_cached(changed, tmp_path) == compile_files(changed)
        assert len(counted) == 2

    @pytest.mark.parametrize("path", ["views/a.yaml", "policies/x.yml", "schedules/sub/x.yml", "schema/u.sql"])
    def test_after_a_new_file(self, files, tmp_path, counted, path):
        texts = {
            "views/a.yaml": files["views/b.yml"].replace("view: b", "view: c"),
            "policies/x.yml": "policies: []\n",
            "schedules/sub/x.yml": "schedules: []\n",
            "schema/u.sql": "CREATE TABLE u (id int);\n",
        }
        compile_cached(files, tmp_path)
        compile_cached({**files, path: texts[path]}, tmp_path)
        assert len(counted) == 2

    def test_after_a_file_is_gone_or_renamed(self, files, tmp_path, counted):
        compile_cached(files, tmp_path)
        text = files.pop("views/b.yml")
        compile_cached(files, tmp_path)
        compile_cached({**files, "views/bb.yml": text}, tmp_path)
        assert len(counted) == 3

    def test_after_text_has_moved_between_files(self, tmp_path):
        """Parts are told apart in the digest: `ab` + `c` is not `a` + `bc`."""
        assert cache._digest(["ab", "c"]) != cache._digest(["a", "bc"])
        assert cache._digest(["a", "", "b"]) != cache._digest(["a", "b", ""])

    def test_not_after_a_file_that_nobody_reads(self, files, tmp_path, counted):
        compile_cached(files, tmp_path)
        compile_cached({**files, "notes/x.yml": "a: b\n", "other.sql": "SELECT 1"}, tmp_path)
        assert len(counted) == 1

    def test_of_another_compiler(self, files, tmp_path, counted, monkeypatch):
        compile_cached(files, tmp_path)
        monkeypatch.setattr(cache, "_compiler", lambda: "another")
        compile_cached(files, tmp_path)
        assert len(counted) == 2

    def test_of_a_changed_library(self, monkeypatch):
        from importlib import metadata

        cache._compiler.cache_clear()
        before = cache._compiler()
        cache._compiler.cache_clear()
        monkeypatch.setattr(metadata, "version", lambda _: "0")
        changed = cache._compiler()
        cache._compiler.cache_clear()
        assert before != changed


class TestDamage:
    @pytest.fixture
    def entry(self, files, tmp_path):
        compile_cached(files, tmp_path)
        (entry,) = entries(tmp_path)
        return entry

    @pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
    def test_is_a_miss_that_heals(self, files, tmp_path, entry, counted, damage):
        entry.write_bytes(damage(entry.read_bytes()))
        assert compile_cached(files, tmp_path) == compile_files(files)
        assert len(counted) == 1
        compile_cached(files, tmp_path)
        assert len(counted) == 1

    def test_an_entry_at_another_s_address(self, files, tmp_path, entry, counted):
        changed = {**files, "policies/p.yml": files["policies/p.yml"].replace("n > 1", "true")}
        compile_cached(changed, tmp_path)
        (other,) = (path for path in entries(tmp_path) if path != entry)
        one, two = entry.read_bytes(), other.read_bytes()
        entry.write_bytes(two)
        other.write_bytes(one)
        assert compile_cached(files, tmp_path) == compile_files(files)
        assert compile_cached(changed, tmp_path) == compile_files(changed)
        assert len(counted) == 3

    def test_a_folder_in_the_way(self, files, tmp_path, entry):
        entry.unlink()
        entry.mkdir()
        assert compile_cached(files, tmp_path) == compile_files(files)


class TestErrors:
    def test_are_kept_in_their_order(self, files, tmp_path, counted):
        """A warning among them; the first one is found last."""
        broken = {
            **files,
            "views/a.yml": files["views/a.yml"].replace("t.n,", "t.nope,"),
            "views/c.yml": files["views/b.yml"]
            .replace("view: b", "view: c")
            .replace("a.", "t.")
            .replace("a: {view: a}", "t: {table: t}"),
            "policies/p.yml": files["policies/p.yml"].replace("n > 1", "nope > 1"),
        }
        found = []
        for _ in range(2):
            with pytest.raises(ProjectError) as caught:
                compile_cached(broken, tmp_path)
            found.append((caught.value.diagnostics, str(caught.value)))
        assert len(counted) == 1
        assert found[0] == found[1]
        assert len(found[0][0]) > 1
        assert compile_cached(files, tmp_path) == compile_files(files)

    @pytest.mark.parametrize(
        "text", ["", "catalog: 5\n", "catalog: true\n", "catalog: [1, x]\n", "catalog: {a: b}\n", "- a\n", "a: [\n"]
    )
    def test_of_the_settings_are_the_compiler_s_to_tell(self, files, tmp_path, text):
        with pytest.raises(ProjectError):
            compile_cached({**files, "mvc.yml": text}, tmp_path)

    def test_without_settings(self, tmp_path):
        with pytest.raises(ProjectError):
            compile_cached({}, tmp_path)

    def test_of_reading(self, files, tmp_path):
        """A file that cannot be read is reported by the compiler, at its place."""

        class Unreadable(dict):
            def __getitem__(self, path):
                if path == "schema/t.sql":
                    raise PermissionError(13, "Permission denied", path)
                return super().__getitem__(path)

        with pytest.raises(ProjectError) as caught:
            compile_cached(Unreadable(files), tmp_path)
        assert "MV001" in {item.code for item in caught.value.diagnostics}


class TestFolder:
    @pytest.mark.parametrize("path", ["/proc/no/such", "/dev/null", "/dev/null/x"])
    def test_that_cannot_be_written_means_no_cache(self, files, path, counted):
        for _ in range(2):
            assert compile_cached(files, Path(path)) == compile_files(files)
        assert len(counted) == 2

    def test_a_full_disk_leaves_nothing_half_written(self, files, tmp_path, monkeypatch):
        def fail(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", fail)
        assert compile_cached(files, tmp_path) == compile_files(files)
        assert list(tmp_path.iterdir()) == []

    def test_is_the_user_s_alone(self, files, tmp_path):
        compile_cached(files, tmp_path / "mvc")
        assert (tmp_path / "mvc").stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in entries(tmp_path / "mvc"))

    def test_and_so_is_what_is_made_above_it(self, files, tmp_path):
        previous = os.umask(0)
        try:
            compile_cached(files, tmp_path / "home" / ".cache" / "mvc")
        finally:
            os.umask(previous)
        made = [path for path in tmp_path.rglob("*") if path.is_dir()]
        assert len(made) == 3
        assert all(path.stat().st_mode & 0o077 == 0 for path in made)

    def test_is_where_xdg_says(self, monkeypatch, tmp_path):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert default_folder() == tmp_path / "mvc"
        monkeypatch.setenv("XDG_CACHE_HOME", "")
        monkeypatch.setenv("HOME", str(tmp_path))
        assert default_folder() == tmp_path / ".cache" / "mvc"

    def test_keeps_the_latest(self, files, tmp_path):
        for number in range(KEPT + 3):
            compile_cached({**files, "mvc.yml": files["mvc.yml"] + f"# {number}\n"}, tmp_path)
        assert len(entries(tmp_path)) == KEPT
        assert len(list(tmp_path.iterdir())) == KEPT

    def test_forgets_nothing_of_others(self, files, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        compile_cached(files, tmp_path)
        assert (tmp_path / "notes.txt").read_text() == "mine"

    @pytest.mark.slow
    def test_many_at_once(self, files, tmp_path):
        """Four processes write and read the same few entries; each gets what its own files say."""
        context = multiprocessing.get_context("spawn")
        with context.Pool(4) as pool:
            wrong = pool.map(compile_many, [(files, tmp_path, start) for start in range(4)])
        assert wrong == [0, 0, 0, 0]
        assert all(path.suffix == ".json" for path in tmp_path.iterdir())


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


def give_away(path: Path) -> None:
    os.chown(path, 65534, -1)


def link_to_itself_elsewhere(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


FOREIGN = [
    pytest.param(give_away, "it belongs to another user", marks=AS_ROOT, id="owner"),
    pytest.param(lambda path: path.chmod(0o770), "other users may write there", id="group"),
    pytest.param(lambda path: path.chmod(0o702), "other users may write there", id="world"),
    pytest.param(link_to_itself_elsewhere, "it is a link to another place", id="link"),
]


class TestWhatOthersMayHaveWritten:
    """An entry is deployed without being compiled: whoever can write one decides what is deployed."""

    @pytest.mark.parametrize(("spoil", "reason"), FOREIGN)
    def test_a_folder_is_neither_read_nor_written(self, files, tmp_path, counted, spoil, reason):
        folder = tmp_path / "mvc"
        compile_cached(files, folder)
        assert refused(folder) == ""
        before = [path.read_bytes() for path in entries(folder)]
        spoil(folder)
        assert compile_cached(files, folder) == compile_files(files)
        changed = {**files, "mvc.yml": files["mvc.yml"] + "# changed\n"}
        compile_cached(changed, folder)
        assert len(counted) == 3
        assert [path.read_bytes() for path in entries(folder)] == before
        assert refused(folder) == reason

    @pytest.mark.parametrize(("spoil", "reason"), FOREIGN)
    def test_an_entry_is_made_anew(self, files, tmp_path, counted, spoil, reason):
        compile_cached(files, tmp_path)
        (entry,) = entries(tmp_path)
        spoil(entry)
        assert compile_cached(files, tmp_path) == compile_files(files)
        assert len(counted) == 2
        compile_cached(files, tmp_path)
        assert len(counted) == 2
        assert not entry.is_symlink()
        assert (entry.stat().st_uid, entry.stat().st_mode & 0o777) == (os.geteuid(), 0o600)

    def test_a_pipe_in_an_entry_s_place_keeps_nobody_waiting(self, files, tmp_path, counted):
        compile_cached(files, tmp_path)
        (entry,) = entries(tmp_path)
        entry.unlink()
        os.mkfifo(entry, 0o600)
        assert compile_cached(files, tmp_path) == compile_files(files)
        assert len(counted) == 2

    def test_of_somebody_else_s_home(self, files, tmp_path, counted, monkeypatch):
        """As root, with the HOME of whom it was before (sudo)."""
        compile_cached(files, tmp_path / "mvc")
        own = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
        compile_cached(files, tmp_path / "mvc")
        assert len(counted) == 2
        assert refused(tmp_path / "mvc") == "it belongs to another user"

    def test_nothing_at_all_is_no_reason_to_speak(self, tmp_path):
        assert refused(tmp_path / "mvc") == ""


def compile_many(task) -> int:
    files, folder, start = task
    wrong = 0
    for number in range(start, start + 12):
        project = f"p{number % 5}"
        changed = {**files, "mvc.yml": files["mvc.yml"].replace("shop", project)}
        wrong += compile_cached(changed, folder).project != project
    return wrong
