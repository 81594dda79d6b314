"""What a source may be, on a server: rows beside a query that was written by hand, filled at once and after changes."""
