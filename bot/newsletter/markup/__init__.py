"""Markup of any kind -> blocks of text with their links and pictures."""
