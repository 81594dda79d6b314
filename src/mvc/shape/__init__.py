"""Queries as data: what is read, joined, kept, grouped and computed. Nothing here is text; an engine prints it."""
