"""Pressroom: the Discord desk of a newsletter."""
