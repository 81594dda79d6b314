"""What stands in the way of a change of base tables → the steps that release it, let the change through and, where it fails, take that back; pure.

Three things follow each other. *Release*: readers get what depends on nothing of the base tables. *Clear*: what stood in the way is dropped; where
the change is ours to run, in its transaction, so that what fails has dropped nothing. *Rebuild*: the next deployment, as any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from mvc.catalog.altered import AlteredName
from mvc.catalog.types import Catalog
from mvc.engines.postgres.deploy.statements import names_array
from mvc.engines.postgres.plan.steps import Lock, Step, Switch
from mvc.quoting import literal, qualified

Rows = Literal["copied", "kept", "refreshed"]


@dataclass(frozen=True, slots=True)
class Altered:
    """What is to change: a column of a relation or, without one, the relation as a whole."""

    schema: str
    name: str
    column: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.schema, self.name, self.column) if part)


@dataclass(frozen=True, slots=True)
class ReleasedView:
    """A view that stands in the way. Its `rows` are `copied` for its readers; or `kept`, in the table that they are in, and not refreshed for a while;
    or `refreshed` as ever. What is `closed` shows none of them meanwhile, since its rules read what changes.
    """

    schema: str
    name: str
    project: str
    stored: str
    rows: Rows
    closed: bool
    called: str


@dataclass(frozen=True, slots=True)
class Release:
    """What a change of some columns and relations takes, in the stored schema `home`. `leftovers` are stored relations that nobody uses and that go for
    it; what is `outside` is not the project's, stands in the way as well, and stays.
    """

    home: str
    altered: tuple[Altered, ...]
    views: tuple[ReleasedView, ...] = ()
    leftovers: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing of ours is in the way."""
        return not self.views and not self.leftovers

    @property
    def copies(self) -> tuple[Step, ...]:
        """What can be done beside the readers."""
        reason = "readers get its rows in a copy that depends on no base table"
        return tuple(
            Step(
                "copy",
                view.called,
                reason,
                (self._call("copy_rows", view.stored),),
                Lock("ACCESS SHARE", (self.home, view.stored)),
            )
            for view in self.views
            if view.rows == "copied"
        )

    @property
    def switches(self) -> tuple[Switch, ...]:
        """What readers see none of."""
        steps = [
            Step("release", view.called, _why(view), (self._release(view),), _exposed(view)) for view in self.views
        ]
        return self._apart(steps)

    @property
    def clearing(self) -> Step | None:
        """What makes the way free, once the views are released."""
        reason = "what reads the columns that change goes"
        statement = self._call("clear_way", targets_json(self.altered))
        return Step("clear way", "", reason, (statement,)) if self.altered else None

    @property
    def way_back(self) -> tuple[Switch, ...]:
        """What undoes a release, as long as nothing was cleared."""
        reason = "the base tables did not change"
        return self._apart(
            [
                Step(
                    "take back", view.called, reason, (self._call("take_back", view.schema, view.name),), _exposed(view)
                )
                for view in self.views
            ]
        )

    def with_more(self, other: Release) -> Release:
        """Both."""
        return Release(
            self.home,
            tuple(dict.fromkeys((*self.altered, *other.altered))),
            tuple({(view.schema, view.name): view for view in (*self.views, *other.views)}.values()),
            tuple(dict.fromkeys((*self.leftovers, *other.leftovers))),
            tuple(dict.fromkeys((*self.outside, *other.outside))),
        )

    def _apart(self, steps: list[Step]) -> tuple[Switch, ...]:
        """A view has the same rows before and after, so each can be switched alone, and its readers wait for no other one. Those that are closed go
        together: the rules of one may ask what another one does not have.
        """
        closed = tuple(step for view, step in zip(self.views, steps, strict=True) if view.closed)
        alone = (step for view, step in zip(self.views, steps, strict=True) if not view.closed)
        switches = tuple(Switch((step.view,), (step,)) for step in alone)
        return (*([Switch(tuple(step.view for step in closed), closed)] if closed else []), *switches)

    def _call(self, function: str, *values: str) -> str:
        return f"SELECT {qualified(self.home, function)}({', '.join(map(literal, values))})"

    def _release(self, view: ReleasedView) -> str:
        names, flags = (view.schema, view.name), (view.rows == "copied", view.rows == "kept", view.closed)
        listed = [*map(literal, names), *(str(flag).lower() for flag in flags)]
        return f"SELECT {qualified(self.home, 'release_view')}({', '.join(listed)})"


def targets_json(altered: Iterable[Altered]) -> str:
    """What is to change, as the runtime reads it."""
    return json.dumps([{**asdict(item), "column": item.column or None} for item in altered], ensure_ascii=False)


def _why(view: ReleasedView) -> str:
    if view.closed:
        return "its rules read what changes: it shows no rows until it is built anew"
    if view.rows == "kept":
        return "its table stays as it is, and is not refreshed until it is built anew"
    return "readers go on with the copy"


def _exposed(view: ReleasedView) -> Lock | None:
    if view.rows == "kept" and not view.closed:
        return None
    return Lock("ACCESS EXCLUSIVE", (view.schema, view.name), brief=True)


def release_sql(home: str, names: Iterable[AlteredName]) -> list[str]:
    """Statements that release what is in the way of a change, for a migration of another tool: one for each relation."""
    columns: dict[tuple[str | None, str], list[str]] = {}
    for name in names:
        found = columns.setdefault((name.schema, name.name), [])
        found += [name.column] if name.column else []
    return [
        f"SELECT {qualified(home, 'release')}({literal(qualified(schema, table) if schema else qualified(table))}"
        + (f", {names_array(found)}" if found else "")
        + ");"
        for (schema, table), found in columns.items()
    ]


def placed_name(name: AlteredName, known: Catalog) -> AlteredName:
    """What a name of two parts means: a table of a schema or, where the catalog knows a table of the first part, a column of that one."""
    table = known.relation(name.schema) if name.schema and not name.column else None
    return AlteredName(table.schema, table.name, name.name) if table else name
