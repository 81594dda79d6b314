"""Text for terminals and machines: styles, words, tables of no particular result."""
