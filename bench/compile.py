"""How much CPU time a compile takes per view: cold, and again with nothing changed; and where it goes (`--profile`)."""

from __future__ import annotations

import cProfile
import importlib.util
import json
import pstats
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from measure import SRC, Limit, Result, environment, progress, table
from projects import write_project

TITLE: Final = "Compiling"
MOST_MS_PER_VIEW: Final = 12.0
MOST_GROWTH: Final = 1.15  # ms per view of the largest project, against the smallest
LEAST_GAIN: Final = 10.0  # of a run with nothing changed

# Functions whose time, with all that they call, is a stage's. A stage's time does not count for those that contain it.
STAGES: Final = {
    "YAML": (("source/reader.py", "read"),),
    "spec (Pydantic)": (("spec/validate.py", "validate"),),
    "catalog (DDL)": (("catalog/ddl.py", "read_ddl"),),
    "expressions": (("expression/parse.py", "parse_expression"), ("expression/ordered.py", "parse_ordered")),
    "model": (("model/build_view.py", "build_view"), ("model/build_policy.py", "build_policies")),
    "analysis": (
        ("analysis/declared/resolve.py", "resolve_declared"),
        ("analysis/body/resolve.py", "resolve_body"),
        ("analysis/access/resolve.py", "resolve_access"),
        ("analysis/indexes.py", "check_indexes"),
    ),
    "lint": (("analysis/lint/run.py", "lint_view"), ("analysis/lint/run.py", "lint_project")),
    "proof": (
        ("engines/postgres/query/proof.py", "print_proven"),
        ("engines/postgres/query/proof.py", "parse_one_statement"),
    ),
    "generation": (("engines/postgres/deploy/generate.py", "generate"),),
}


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--views", type=int, nargs="+", default=[1000, 5000], help="project sizes (default: 1000 5000)")
    parser.add_argument("--compiles", type=int, default=5, help="how often each one is compiled (default: 5)")
    parser.add_argument("--profile", action="store_true", help="also show where the time goes (smallest project)")


def measure(arguments: Namespace, result: Result) -> None:
    """Projects of each size, compiled in turn, each time in a process of its own."""
    with TemporaryDirectory() as root:
        shutil.copytree(SRC, Path(root) / "src")  # whoever edits the sources meanwhile does not change what is measured
        folders = {views: Path(root) / str(views) for views in sorted(arguments.views)}
        for views, folder in folders.items():
            write_project(folder, views)
        cold: dict[int, list[dict[str, float]]] = {views: [] for views in folders}
        try:
            for number in range(arguments.compiles):
                for views, folder in folders.items():
                    progress(f"compile: {views} views, run {number + 1} of {arguments.compiles}")
                    cold[views].append(_child("cold", folder))
        finally:
            _cold_table(result, {views: runs for views, runs in cold.items() if runs})
        _warm_table(result, folders, arguments.compiles)
        if arguments.profile:
            progress("compile: profile")
            result.parts.append(_profile(folders[min(folders)]))


def _cold_table(result: Result, cold: dict[int, list[dict[str, float]]]) -> None:
    per_view = {views: [1000 * run["compile"] / views for run in runs] for views, runs in cold.items()}
    result.rows(("views", "ms per view", "compile, CPU s", "imports, CPU s", "memory, MB")).extend(
        (
            f"{views:,}",
            median(per_view[views]),
            median(run["compile"] for run in runs),
            median(run["import"] for run in runs),
            f"{median(run['memory'] for run in runs):.0f}",
        )
        for views, runs in cold.items()
    )
    for views, times in per_view.items():
        result.limits.append(Limit(f"compiling {views:,} views, each", median(times), MOST_MS_PER_VIEW, " ms"))
    small, large = min(per_view, default=0), max(per_view, default=0)
    if small < large:
        growth = median(b / a for a, b in zip(per_view[small], per_view[large], strict=False))  # one may lack a run
        result.limits.append(Limit(f"time per view at {large:,} against {small:,} views", growth, MOST_GROWTH, "×"))


def _warm_table(result: Result, folders: dict[int, Path], times: int) -> None:
    if importlib.util.find_spec("mvc.pipeline.cache") is None:
        result.parts.append("A run with nothing changed is not measured: there is no `mvc.pipeline.cache` yet.")
        return
    rows = result.rows(("views", "first, CPU s", "unchanged, CPU s", "times faster", "unchanged with imports, CPU s"))
    for views, folder in folders.items():
        progress(f"compile: {views} views with a cache")
        first = _child("cached", folder)  # fills the cache
        runs = [_child("cached", folder) for _ in range(times)]
        again = median(run["compile"] for run in runs)
        whole = median(run["compile"] + run["import"] for run in runs)
        rows.append((f"{views:,}", first["compile"], again, first["compile"] / again, whole))
        result.limits.append(
            Limit(
                f"an unchanged compile of {views:,} views, against a first one",
                again / first["compile"],
                1 / LEAST_GAIN,
            )
        )


def _child(mode: str, folder: Path) -> dict[str, float]:
    command = (sys.executable, __file__, mode, str(folder))
    done = subprocess.run(command, capture_output=True, text=True, env=environment(folder.parent / "src"), check=False)
    if done.returncode:
        raise SystemExit(f"the generated project does not compile:\n{done.stdout}{done.stderr}")
    numbers: dict[str, float] = json.loads(done.stdout)
    return numbers


def _profile(folder: Path) -> str:
    command = (sys.executable, __file__, "profile", str(folder))
    done = subprocess.run(command, capture_output=True, text=True, env=environment(folder.parent / "src"), check=True)
    return done.stdout.strip()


# ---------- below: what runs in the measured process ----------


def _run(mode: str, folder: Path) -> None:
    import resource

    start = time.process_time()
    from mvc.workspace.folder import Folder

    if mode == "cached":
        from mvc.pipeline.cache import compile_cached  # all that a run with nothing changed needs
    else:
        from mvc.pipeline.compile import compile_files
    imported = time.process_time()
    if mode == "profile":
        print(_stages(compile_files, Folder(folder), len(list((folder / "views").iterdir()))))
        return
    compiled = (
        compile_cached(Folder(folder), folder.parent / f"cache_{folder.name}")
        if mode == "cached"
        else compile_files(Folder(folder))
    )
    done = time.process_time()
    if len(compiled.views) != len(list((folder / "views").iterdir())):
        raise SystemExit("some views are missing")
    memory = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "linux" else 1024) / 1024
    )  # kB; macOS: bytes
    print(json.dumps({"import": imported - start, "compile": done - imported, "memory": memory}))


def _stages(compile_files: Any, files: Any, views: int) -> str:
    profile = cProfile.Profile()
    profile.runcall(compile_files, files)
    stats = pstats.Stats(profile)
    stats.calc_callees()
    total = stats.total_tt  # type: ignore[attr-defined]
    taken = _exclusive(stats)
    rows = [(name, f"{100 * seconds / total:.0f} %", 1000 * seconds / views) for name, seconds in taken.items()]
    rows.append(
        (
            "the rest",
            f"{100 * (total - sum(taken.values())) / total:.0f} %",
            1000 * (total - sum(taken.values())) / views,
        )
    )
    head = ("stage", "share", "ms per view, with the profiler's cost")
    functions = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:15]  # type: ignore[attr-defined]
    hot = [
        (f"`{_place(place)}`", f"{calls / views:.1f}", 1000 * own / views) for place, (_, calls, own, _, _) in functions
    ]
    return f"{table(head, rows)}\n\n{table(('function', 'calls per view', 'own ms per view'), hot)}"


def _exclusive(stats: Any) -> dict[str, float]:
    """Seconds of each stage, without those of stages that it calls."""
    entries = {(file, name): stage for stage, functions in STAGES.items() for file, name in functions}

    def stage_of(place: tuple[str, int, str]) -> str | None:
        return next(
            (stage for (file, name), stage in entries.items() if place[2] == name and place[0].endswith(f"mvc/{file}")),
            None,
        )

    whole = {place: values for place, values in stats.stats.items() if stage_of(place)}
    taken = dict.fromkeys(STAGES, 0.0)
    for place, (_, _, _, cumulative, _) in whole.items():
        taken[str(stage_of(place))] += cumulative
    _subtract_nested(stats, whole, stage_of, taken)
    return taken


def _subtract_nested(stats: Any, whole: dict[Any, Any], stage_of: Any, taken: dict[str, float]) -> None:
    """A stage's function called below another stage's: its time is the inner one's only.

    cProfile keeps callers one level deep, so a share of a nested function's time goes to the stage above by the calls' shares.
    """
    for place in whole:
        for outer, seconds in _above(stats, place, stage_of, frozenset({place})).items():
            taken[outer] -= seconds


def _above(stats: Any, place: Any, stage_of: Any, seen: frozenset[Any]) -> dict[str, float]:
    """Seconds of `place` by the nearest stage above it."""
    found: dict[str, float] = {}
    for caller, (_, _, _, cumulative) in stats.stats[place][4].items():
        stage = stage_of(caller)
        if stage is not None:
            found[stage] = found.get(stage, 0.0) + cumulative
        elif caller not in seen:
            above = _above(stats, caller, stage_of, seen | {caller})
            weight = stats.stats[caller][3]
            for name, seconds in above.items():
                found[name] = found.get(name, 0.0) + (cumulative * seconds / weight if weight else 0.0)
    return found


def _place(place: tuple[str, int, str]) -> str:
    file, line, name = place
    parts = Path(file).parts
    for package in ("mvc", "sqlglot", "yaml", "pydantic"):
        if package in parts:
            file = "/".join(parts[len(parts) - 1 - parts[::-1].index(package) :])
    return f"{file}:{line} {name}" if line else name


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    _run(sys.argv[1], Path(sys.argv[2]))
