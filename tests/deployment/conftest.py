"""Whatever is deployed here, its scripts are PostgreSQL's by its own grammar."""

from emitted import every_script_parses  # noqa: F401
