"""Under which names some of what lies below is public: the field's words, beside those of the functions that they go with."""

from mvc.postgres.apply import Terms as ApplyOptions
from mvc.postgres.partitions import due_partitions as plan_partitions
from mvc.postgres.partitions import maintain_partitions as partitions
from mvc.postgres.prune import leftovers as plan_prune
from mvc.postgres.refresh_view import How as RefreshOptions
from mvc.postgres.rollback import Return as RollbackPlan
from mvc.postgres.run_steps import Pace as Timeouts
from mvc.postgres.worker import work as run

__all__ = [
    "ApplyOptions",
    "RefreshOptions",
    "RollbackPlan",
    "Timeouts",
    "partitions",
    "plan_partitions",
    "plan_prune",
    "run",
]
