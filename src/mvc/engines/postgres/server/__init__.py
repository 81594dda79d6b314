"""Everything that talks to a PostgreSQL server, or runs one. The only package that imports psycopg."""
