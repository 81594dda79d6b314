"""What `mvc` is as a library, where that is more than one function of a stage. `mvc/__init__.py` has the names; nothing here prints."""
