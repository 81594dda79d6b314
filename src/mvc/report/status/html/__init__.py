"""The status of a project as one page: HTML, CSS and SVG in a single file that loads nothing."""
