"""Usage by price plans gives charges: exact, explained, for one agreement or a hundred thousand at once."""
