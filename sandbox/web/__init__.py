"""The sandbox's fourth door: a page in the browser that shows the world to a person and acts for them."""

from sandbox.web.door import Page
from sandbox.web.panel import Panel

__all__ = ["Page", "Panel"]
