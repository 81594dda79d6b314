"""What runs a project's views: one package for each engine, and a record of what each can do."""
