"""Bytes -> what they hold, by the format they are in."""
