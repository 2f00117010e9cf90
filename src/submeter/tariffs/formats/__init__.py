"""Files of price plans: text in, plans and findings out, and back again."""
