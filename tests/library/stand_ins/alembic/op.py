"""As much of Alembic as a revision needs: what it has executed."""

executed: list[str] = []


def execute(sql: str) -> None:
    executed.append(sql)
