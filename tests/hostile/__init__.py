"""Harmless inputs that look like those of somebody with bad intent, one file a kind, named after what it shows."""
