"""Plans, deployments and refreshes as text and data."""
