"""What leaves for the editor."""
