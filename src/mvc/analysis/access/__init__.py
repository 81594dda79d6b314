"""Policies: who may read a view, and which rows."""
