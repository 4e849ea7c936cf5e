"""Bytes -> issues of a newsletter. Pure: no network, no files, no clock."""

from bot.newsletter.addresses.links import KEY_VERSION, clean_url, link_key
from bot.newsletter.as_json import issue_as_json
from bot.newsletter.formats.feeds import Feed, read_feed
from bot.newsletter.reading import read_newsletter

__all__ = ["KEY_VERSION", "Feed", "clean_url", "issue_as_json", "link_key", "read_feed", "read_newsletter"]
