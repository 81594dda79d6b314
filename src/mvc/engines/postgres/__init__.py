"""PostgreSQL: SQL for queries, storage and refreshes, the runtime, deployments, the connection."""
