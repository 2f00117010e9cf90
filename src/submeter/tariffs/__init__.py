"""Price plans: what they are, where they are kept, how they are read and written."""
