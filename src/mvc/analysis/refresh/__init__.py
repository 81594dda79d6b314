"""Which parts of a view can be refreshed alone, and what its rows depend on."""
