"""SQL as PostgreSQL itself reads it."""
