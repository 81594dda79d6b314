"""What type PostgreSQL gives an expression, and what it refuses for its types, by PostgreSQL's own rules and without a server."""
