"""Golden cases: Markdown files whose headings are cases. `pytest tests/golden --update` rewrites what they expect."""
