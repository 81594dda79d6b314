"""What stands in a database: storage, exposure, names, scripts."""
