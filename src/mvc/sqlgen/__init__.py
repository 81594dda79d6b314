"""Resolved views → SQL text: queries by sqlglot, object statements by templates over `mvc.quoting`."""
