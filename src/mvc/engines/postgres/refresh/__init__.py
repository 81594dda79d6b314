"""How a stored view is brought up to date: statements, change logs, what time alone changes."""
