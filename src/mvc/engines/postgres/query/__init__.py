"""A view's query as proven text, whole or restricted to some groups or a window."""
