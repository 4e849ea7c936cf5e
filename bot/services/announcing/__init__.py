"""Which issue is announced where, once, and what is held back."""
