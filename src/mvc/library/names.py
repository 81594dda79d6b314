"""Under which names some of what lies below is public: the field's words, beside those of the functions that they go with."""

from mvc.engines.postgres.server.apply import ApplyOptions
from mvc.engines.postgres.server.partitions import due_partitions as plan_partitions
from mvc.engines.postgres.server.partitions import maintain_partitions as partitions
from mvc.engines.postgres.server.prune import leftovers as plan_prune
from mvc.engines.postgres.server.refresh_view import RefreshOptions
from mvc.engines.postgres.server.rollback import RollbackPlan
from mvc.engines.postgres.server.run_steps import Timeouts
from mvc.engines.postgres.server.worker import work as run

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
