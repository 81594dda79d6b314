"""Two compiled projects → what changed between them, in the terms of the spec, with what it does to those who use it."""
