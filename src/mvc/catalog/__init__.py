"""The base tables: columns, types, keys and functions, read from DDL files or a snapshot of a live database."""
