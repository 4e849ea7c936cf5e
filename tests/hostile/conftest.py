"""The rules over both databases, for whoever attacks them."""

from tests.services.conftest import desk

__all__ = ["desk"]
