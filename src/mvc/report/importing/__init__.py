"""What an import took, and what it could not take."""
