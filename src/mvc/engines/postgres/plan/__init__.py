"""What a database has and what a project wants → ordered steps. Pure: nothing here talks to a server."""
