"""The status of a deployed project as text, page, data and metrics."""
