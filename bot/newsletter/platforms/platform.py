"""What is to be known of a platform: a `Platform` for each, all of it in one file."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult

Decode = Callable[[SplitResult], str | None]
"""A wrapped address in its parts -> where it leads; None where it is not of that kind."""

Place = tuple[str, str, str]
"""Host, path (without a slash at its end) and query of an address."""

Unify = Callable[[str, str], Place]
"""Path and query -> the one form of an address that has several."""

TornPoll = tuple[str, list[str]]
"""A question and its options, as written."""


@dataclass(frozen=True, slots=True)
class Cards:
    """Boxes between the paragraphs of a document: the selector of their `headings`, and of the `label` by which one
    says that it is paid for; then all links belong to the advertisement of the element of class `sponsored` around it.
    """

    headings: str
    label: str = ""
    sponsored: str = ""


@dataclass(frozen=True, slots=True)
class Tracker:
    """How a site's wrapped links are undone; `under` names the first segments of their paths, where it has others."""

    undo: Decode
    under: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One platform: what it does to documents, and what its addresses tell. What it does not do is left out.

    Documents.
    marks: texts in HTML that show it at work; only then `furniture` is looked for. furniture: selectors of what it puts
    around the content. text_at: selectors of where its pages keep the text, best first. paid: selectors of what stands
    at its paywall or behind it. opened: the HTML with what it keeps in attributes, and in elements of its own, as
    everybody writes it. cards_in: what is to be known of its boxes. page_body: the text's HTML, where a page keeps it
    in a script. take_torn_polls: a Markdown document without its polls, and these. without_gated, public_part: the text
    without what is for those who pay, within it and to its end. is_cut: a feed's text breaks off for who pays. ends:
    sentences in which it does so. original_links: names, as feedparser gives them, of the elements in which an item
    keeps the address that it had before. api_of: from a feed's generator and home page to the address of an API.

    Addresses. Hosts stand without `www.` and `m.`, as in a link's key.
    called: its names, in small letters, as in "made with". sources: what it writes into `utm_source` for whoever sends.
    domains: under which it lets others publish, each under a name of their own; is_for_newsletters says that hardly
    anybody else does. shared_paths: hosts on which a name follows, with the number of segments that it takes.
    common_hosts, common_servers: hosts that are never one newsletter's own. refers_at: where its referral links stand,
    whose newsletter's they ever are. furniture_hosts, furniture_at: hosts where all is furniture, and what is (of a key
    what follows its host). furniture_words: what its buttons say. acts: keys whose links do something or lead to a
    reader's own pages. acts_by_query: the same, where there is a query. joins_at: parts of keys where readers join.
    signs_up: parameters, in small letters, by which an address signs its reader up. leads_on: paths, behind a host of
    the newsletter's own, that lead to the pages of others. trackers: by the name of their site (`site_of`). same_pages:
    hosts on which one page has several addresses. fields_at: parameters, in small letters, that say who reads or where
    from, by the last two labels of the host. fields_of_readers: those on any host, by an address's path and query.
    """

    marks: tuple[str, ...] = ()
    furniture: tuple[str, ...] = ()
    text_at: tuple[str, ...] = ()
    paid: tuple[str, ...] = ()
    opened: Callable[[str], str] | None = None
    cards_in: Callable[[str], Cards | None] | None = None
    page_body: Callable[[str], str | None] | None = None
    take_torn_polls: Callable[[str], tuple[str, list[TornPoll]]] | None = None
    without_gated: Callable[[str], str] | None = None
    public_part: Callable[[str], str] | None = None
    is_cut: Callable[[str], bool] | None = None
    ends: tuple[re.Pattern[str], ...] = ()
    original_links: tuple[str, ...] = ()
    api_of: Callable[[str, str | None], str | None] | None = None

    called: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    is_for_newsletters: bool = True
    shared_paths: Mapping[str, int] = field(default_factory=dict)
    common_hosts: tuple[str, ...] = ()
    common_servers: tuple[re.Pattern[str], ...] = ()
    refers_at: tuple[str, ...] = ()
    furniture_hosts: tuple[str, ...] = ()
    furniture_at: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    furniture_words: tuple[str, ...] = ()
    acts: tuple[re.Pattern[str], ...] = ()
    acts_by_query: tuple[re.Pattern[str], ...] = ()
    joins_at: tuple[re.Pattern[str], ...] = ()
    signs_up: tuple[str, ...] = ()
    leads_on: tuple[re.Pattern[str], ...] = ()
    trackers: Mapping[str, Tracker] = field(default_factory=dict)
    same_pages: Mapping[str, Unify] = field(default_factory=dict)
    fields_at: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields_of_readers: Callable[[str, str], tuple[str, ...]] | None = None
