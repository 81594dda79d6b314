"""What is said of a column: its type, its default, its first rows, its period, its measure. Each on servers, against other SQL."""
