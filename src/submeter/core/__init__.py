"""Values that every room speaks. Nothing here reads a file, a clock or a database."""
