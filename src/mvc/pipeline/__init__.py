"""Files → a compiled project, and two states of a project compiled side by side."""
