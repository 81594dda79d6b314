"""Views that are given as SQL: what they read, their columns, keys and equations."""
