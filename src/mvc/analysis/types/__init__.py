"""Types of columns without a server, and what PostgreSQL would refuse for them."""
