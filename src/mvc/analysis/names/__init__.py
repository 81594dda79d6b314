"""Names in expressions: columns, functions, what a word is that is neither."""
