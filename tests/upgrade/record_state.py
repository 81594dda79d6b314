"""Records a state of the runtime: deploys the small shop by the sources of a revision, and writes what pg_dump says.

    git archive REVISION src | tar x -C FOLDER
    python tests/upgrade/record_state.py FOLDER GENERATION

It is run when a state has landed, on PostgreSQL 15 (Debian's), whose pg_dump it needs. Nothing of the machine is in a dump: names of
roles and the server's identifier are replaced.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "src")]

from mvc.engines.postgres.server.embedded import EmbeddedServer  # noqa: E402
from mvc.engines.postgres.server.installations import find_installations  # noqa: E402
from upgrade.projects import OUTSIDE, PLAIN, ROLES, ROWS, SCHEMA, WHOLE  # noqa: E402

COMMAND = "import sys; from mvc.cli.main import main; sys.exit(main(sys.argv[1:]))"


def record(folder: Path, generation: int) -> str:
    """The dump, of the sources in `folder`."""
    installation = next(
        item for item in find_installations() if item.major == 15 and (item.bindir / "pg_dump").is_file()
    )
    with EmbeddedServer(installation) as server:
        url = server.url()
        with psycopg.connect(url, autocommit=True) as connection:
            for role in ROLES:
                connection.execute(f"CREATE ROLE {role}")
            connection.execute(SCHEMA + ROWS)
            run(folder, url, WHOLE if generation > 2 else PLAIN)
            if generation > 2:
                connection.execute(OUTSIDE)
            [(server_id,)] = connection.execute("SELECT system_identifier::text FROM pg_control_system()").fetchall()
        command = [str(installation.bindir / "pg_dump"), "--inserts", "--rows-per-insert=500", "--no-owner", url]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return scrubbed(text.replace(server_id, "1"))


def run(folder: Path, url: str, files: dict[str, str]) -> None:
    """Deploys and refreshes by the command as it was then."""
    with tempfile.TemporaryDirectory() as project, tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"PYTHONPATH": str(folder / "src"), "XDG_CACHE_HOME": cache}
        for name, text in files.items():
            path = Path(project, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for arguments in (["apply", "--yes"], ["refresh", "--all"]):
            command = [sys.executable, "-c", COMMAND, "--project", project, *arguments, "--database", url]
            subprocess.run(command, check=True, env=environment)


def scrubbed(text: str) -> str:
    """Without pg_dump's own comments, psql's commands, and where it was made."""
    kept = [
        line for line in text.splitlines() if not line.startswith(("--", "\\")) and "transaction_timeout" not in line
    ]
    return re.sub(r"\n{2,}", "\n", "\n".join(kept)).strip() + "\n"


if __name__ == "__main__":
    sources, number = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    (HERE / "states").mkdir(exist_ok=True)
    (HERE / "states" / f"{number}.sql").write_text(record(sources, number), encoding="utf-8")
