"""Habits of single platforms, one module each, which gives its `PLATFORM`. Here they are folded into one.

Whoever needs to know what platforms do asks here, and names none. A new one is used once it stands in `PLATFORMS`.
"""

from collections.abc import Iterable
from itertools import chain
from typing import TypeVar

from bot.newsletter.platforms import (
    beehiiv,
    buttondown,
    feedburner,
    generators,
    ghost,
    kit,
    mailchimp,
    mailerlite,
    medium,
    substack,
    wordpress,
)
from bot.newsletter.platforms.platform import Cards, Platform, TornPoll, Tracker, Unify

PLATFORMS: tuple[Platform, ...] = (
    beehiiv.PLATFORM,
    substack.PLATFORM,
    ghost.PLATFORM,
    wordpress.PLATFORM,
    generators.PLATFORM,
    buttondown.PLATFORM,
    kit.PLATFORM,
    mailchimp.PLATFORM,
    mailerlite.PLATFORM,
    medium.PLATFORM,
    feedburner.PLATFORM,
)
"""In the order in which a page's text is looked for."""

_MARKED = [(each.marks, ",".join(each.furniture)) for each in PLATFORMS if each.furniture]
_OPENING = [each.opened for each in PLATFORMS if each.opened]
_CARDS = [each.cards_in for each in PLATFORMS if each.cards_in]
_BODIES = [each.page_body for each in PLATFORMS if each.page_body]
_TORN = [each.take_torn_polls for each in PLATFORMS if each.take_torn_polls]
_GATING = [each.without_gated for each in PLATFORMS if each.without_gated]
_PUBLIC = [each.public_part for each in PLATFORMS if each.public_part]
_CUTTING = [each.is_cut for each in PLATFORMS if each.is_cut]
_APIS = [each.api_of for each in PLATFORMS if each.api_of]


T = TypeVar("T")


def _all(found: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(found))


TEXT_AT = _all(each.text_at for each in PLATFORMS)
PAID = _all(each.paid for each in PLATFORMS)
ENDS = _all(each.ends for each in PLATFORMS)
ORIGINAL_LINKS = _all(each.original_links for each in PLATFORMS)
CALLED = _all(each.called for each in PLATFORMS)
SOURCES = _all(each.sources for each in PLATFORMS)
DOMAINS = _all(each.domains for each in PLATFORMS)
NEWSLETTER_DOMAINS = _all(each.domains for each in PLATFORMS if each.is_for_newsletters)
SHARED_PATHS = dict(_all(each.shared_paths.items() for each in PLATFORMS))
COMMON_HOSTS = _all(each.common_hosts for each in PLATFORMS)
COMMON_SERVERS = _all(each.common_servers for each in PLATFORMS)
REFERS_AT = _all(each.refers_at for each in PLATFORMS)
FURNITURE_HOSTS = _all(each.furniture_hosts for each in PLATFORMS)
FURNITURE_AT = dict(_all(each.furniture_at.items() for each in PLATFORMS))
FURNITURE_WORDS = _all(each.furniture_words for each in PLATFORMS)
ACTS = _all(each.acts for each in PLATFORMS)
ACTS_BY_QUERY = _all(each.acts_by_query for each in PLATFORMS)
JOINS_AT = _all(each.joins_at for each in PLATFORMS)
SIGNS_UP = _all(each.signs_up for each in PLATFORMS)
LEADS_ON = _all(each.leads_on for each in PLATFORMS)
TRACKERS: dict[str, Tracker] = dict(_all(each.trackers.items() for each in PLATFORMS))
FIELDS_AT = dict(_all(each.fields_at.items() for each in PLATFORMS))
FIELDS_OF_READERS = [each.fields_of_readers for each in PLATFORMS if each.fields_of_readers]
SAME_PAGES: dict[str, Unify] = dict(_all(each.same_pages.items() for each in PLATFORMS))


def opened(source: str) -> str:
    """The document with what platforms keep in attributes, and in elements of their own, as everybody writes it."""
    for each in _OPENING:
        source = each(source)
    return source


def cards_in(source: str) -> Cards | None:
    """What is to be known of the boxes that a platform puts between paragraphs; None where there are none."""
    return next((cards for each in _CARDS if (cards := each(source)) is not None), None)


def unwanted_in(source: str) -> str:
    """The selector of everything the platforms behind a document put around its content; empty for plain HTML."""
    if "class=" not in source:
        return ""
    return ",".join(furniture for marks, furniture in _MARKED if any(mark in source for mark in marks))


def page_body(source: str) -> str | None:
    """The text's HTML out of a page that keeps it in a script; None for all others."""
    return next((body for each in _BODIES if (body := each(source)) is not None), None)


def take_torn_polls(source: str) -> tuple[str, list[TornPoll]]:
    """A Markdown document without the polls that its platform tore, and their questions with options, as written."""
    polls: list[TornPoll] = []
    for each in _TORN:
        source, found = each(source)
        polls += found
    return source, polls


def without_gated(source: str) -> str:
    """A feed's or a page's text without the boxes for those who pay."""
    for each in _GATING:
        source = each(source)
    return source


def public_part(source: str) -> str:
    """A file's text without those boxes and what stands behind its public part."""
    source = without_gated(source)
    for each in _PUBLIC:
        source = each(source)
    return source


def is_cut(body: str) -> bool:
    """A feed's text breaks off for those who do not pay."""
    return any(each(body) for each in _CUTTING)


def api_of(generator: str, home: str | None) -> str | None:
    """The address of an API that says more of a site to whoever has a key, by its feed's generator and home page."""
    return next((api for each in _APIS if (api := each(generator, home)) is not None), None)
