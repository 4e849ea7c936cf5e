"""Addresses: brought to one form, unwrapped, compared, and told from the newsletter's own."""
