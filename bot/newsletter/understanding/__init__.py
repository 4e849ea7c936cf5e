"""Blocks -> what an issue says: its head, sections, titles, polls, and where it asks for money."""
