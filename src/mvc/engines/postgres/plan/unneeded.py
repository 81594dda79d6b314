"""What nobody needs after a deployment, and what would stand in the way of the next ALTER TABLE: it goes without being asked.

PostgreSQL refuses to drop or retype a column for any view that reads it, also one that is only kept for a rollback. So what is kept goes
where it reads a column that nothing deployed reads any more; a rollback builds it anew then. So do copies of rows that readers had while
base tables changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mvc.compiled.view import CompiledView
from mvc.engines.postgres.plan.context import PlanContext
from mvc.engines.postgres.plan.steps import Step
from mvc.quoting import qualified


def unneeded_steps(views: Sequence[CompiledView], gone: Iterable[CompiledView], site: PlanContext) -> Iterator[Step]:
    """The step that drops it; `gone` are the deployed definitions that this plan replaces or takes away."""
    before = tuple(gone)
    reasons = (
        ["copies that readers had while base tables changed are used no more"] if _copies(views, before, site) else []
    )
    if columns := _lost_columns(views, before, site):
        more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
        reasons.append(
            f"nothing reads {', '.join(columns[:3])}{more} any longer, so what was kept for a rollback must not hold it"
        )
    if reasons:
        statement = f"SELECT {qualified(site.target.stored, 'drop_unneeded')}()"
        yield Step("drop unneeded", "", "; ".join(reasons), (statement,))


def _copies(views: Iterable[CompiledView], gone: Iterable[CompiledView], site: PlanContext) -> bool:
    """Whether something is frozen that readers do not use once the plan is carried out."""
    frozen = {name for name, stored in site.state.stored.items() if stored.frozen}
    planned = {(view.schema, view.name) for view in (*views, *gone)}
    used = {view.stored_name for name, view in site.state.views.items() if name not in planned}
    return not frozen <= used


def _lost_columns(views: Iterable[CompiledView], gone: Iterable[CompiledView], site: PlanContext) -> list[str]:
    """Columns of base tables that what is replaced reads, and nothing that is deployed afterwards."""
    before = tuple(gone)
    replaced = {(view.schema, view.name) for view in before}
    kept = (item.definition for name, item in site.state.views.items() if name not in replaced)
    read = {column for view in (*views, *kept) if view for column in view.reads}
    ours = {f"{view.schema}.{view.name}" for view in (*before, *views)} | {".".join(name) for name in site.state.views}
    lost = {column for view in before for column in view.reads} - read
    return sorted(column for column in lost if column.rpartition(".")[0] not in ours)
