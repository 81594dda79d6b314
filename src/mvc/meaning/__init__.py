"""What a view means, as canonical text: what a difference shows, and what the stored relation's name is a digest of."""
