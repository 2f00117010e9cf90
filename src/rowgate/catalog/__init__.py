"""The schema cache: what the database offers, read with fixed queries and built into values."""
