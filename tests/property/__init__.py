"""Property tests: random catalogs, views and rows; what Postgres answers equals a brute-force oracle.

Nothing here may import the compiler's analysis or SQL generation: the oracle has to stay independent of both.
"""
