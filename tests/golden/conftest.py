"""Collects the Markdown files of this folder: each case becomes a test, and a second one per server where it has `tables`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from emitted import check_views
from servers import IN_CI, Database

from .cases import Case, Fence, read_cases, rewrite
from .checks import change, compiled_of, deploy, difference_text, error_text, rows_text, sql_text, steps_text

HERE = Path(__file__).parent


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".md" and file_path.parent == HERE:
        return GoldenFile.from_parent(parent, path=file_path)
    return None


_TEXTS = (("sql", sql_text), ("error", error_text), ("diff", difference_text), ("plan", steps_text))


class GoldenFile(pytest.Module):
    """A Markdown file as a module whose functions are its cases, so that fixtures and parameters work as everywhere."""

    def _getobj(self) -> ModuleType:
        module = ModuleType(self.path.stem)
        for case in read_cases(self.path):
            setattr(module, f"test_{case.name}", _compile_test(case))
            if case.first("tables"):
                setattr(module, f"test_{case.name}_on_a_server", _server_test(case))
        return module


def _compile_test(case: Case) -> Callable[..., None]:
    def test(request: pytest.FixtureRequest) -> None:
        if case.first("error") is None:
            compiled = compiled_of(case)
            check_views(compiled, compiled.views)
        for kind, text_of in _TEXTS:
            for fence in case.all(kind):
                _expect(request, case, fence, text_of(case))

    test.__doc__ = case.why
    return pytest.mark.xfail(reason=case.why, strict=True)(test) if case.is_known_fault else test


def _server_test(case: Case) -> Callable[..., None]:
    def test(request: pytest.FixtureRequest, database: Database) -> None:
        connection = database.connect()
        deploy(case, connection)
        for fence in case.all("rows"):
            _expect(request, case, fence, rows_text(case, connection, fence.target))
        if case.after:
            change(case, connection)

    test.__doc__ = case.why
    return test


def _expect(request: pytest.FixtureRequest, case: Case, fence: Fence, actual: str) -> None:
    if actual == fence.text:
        return
    if request.config.getoption("--update", default=False) and not case.is_known_fault:
        if IN_CI:
            pytest.fail("CI does not update expectations", pytrace=False)
        rewrite(case, fence, actual)
        return
    assert actual == fence.text, f"{case.path.name}: {case.heading}"
