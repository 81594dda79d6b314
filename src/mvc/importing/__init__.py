"""What a database or a file has of views → a project that says the same. Records in, YAML text out: nothing here asks a server or a folder."""
