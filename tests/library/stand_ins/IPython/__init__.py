# ruff: noqa: N999  the package's own name
