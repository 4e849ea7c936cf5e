"""What is no content: the newsletter's own pages, subscribe and share buttons, referrals, votes, advertising offers.

`Own` collects the hosts and names a newsletter goes by; `is_chrome` judges one link with it.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.model.invitation import INVITING_HOSTS, invites
from bot.newsletter import platforms
from bot.newsletter.addresses.domains import domain_of, is_given, name_of
from bot.newsletter.addresses.links import MERGE_FIELD, link_key
from bot.newsletter.rules import joined, needed_words

# hosts where a publication's name comes after the first slash, or the second: by number of segments
_SHARED_PATHS = {
    **platforms.SHARED_PATHS,
    **dict.fromkeys(
        """tinyletter.com write.as hashnode.com paragraph.xyz paragraph.com mirror.xyz note.com dev.to
        world.hey.com sendfox.com patreon.com ko-fi.com tumblr.com""".split(),
        1,
    ),
    **dict.fromkeys("""getrevue.co linkedin.com sites.google.com github.com gitlab.com codeberg.org""".split(), 2),
}
_NO_PLACES = frozenset("posts post p feed feeds rss tag".split())  # what stands there is anybody's
_COMMON_SERVERS = joined(*platforms.COMMON_SERVERS)
_NEWSLETTER_DOMAINS = frozenset(platforms.NEWSLETTER_DOMAINS)
# labels that stand before anybody's domain are nobody's name
_NO_NAMES = frozenset("www web app dev blog blogs news newsletter newsletters about research mail email docs".split())
# hosts that are never a newsletter's own, although its home page or an item may stand there
_COMMON_HOSTS = frozenset(platforms.COMMON_HOSTS) | frozenset(
    """twitter.com x.com youtube.com youtu.be reddit.com github.com gitlab.com linkedin.com facebook.com instagram.com
    t.me tiktok.com news.ycombinator.com google.com sites.google.com docs.google.com amazon.com wikipedia.org
    en.wikipedia.org mastodon.social bsky.app open.spotify.com podcasts.apple.com apple.com archive.org localhost
    gist.github.com raw.githubusercontent.com""".split()
)
_INVITE_TEXT = re.compile(
    r"(?:https?://)?(?<![\w.-])(?:www\.|canary\.|ptb\.)?(?:discord(?:app)?\.com/+invite/+"
    rf"|(?:{'|'.join(map(re.escape, INVITING_HOSTS))})/+|disboard\.org/(?:\w\w/)?server/join/+)[\w-]+/?",
    re.IGNORECASE,
)
# hosts whose pages are all furniture
_CHROME_SITES = frozenset((*platforms.FURNITURE_HOSTS, "mastodonshare.com", "share.flipboard.com", "hub.sparklp.co"))
# hosts of which some pages are: path (and query) that makes them so
_CHROME_HOSTS = {
    **platforms.FURNITURE_AT,
    "vk.com": re.compile(r"/share\.php\b"),
    "buffer.com": re.compile(r"/add\b"),
    "bufferapp.com": re.compile(r"/add\b"),
    "brevo.com": re.compile(r"/legal\b"),
    "feedletter.co": re.compile(r"/feedback/"),
    "twitter.com": re.compile(r"/(?:intent|share)\b"),
    "bsky.app": re.compile(r"/intent\b"),
    "threads.net": re.compile(r"/intent\b"),
    "threads.com": re.compile(r"/intent\b"),
    "facebook.com": re.compile(r"/(?:sharer|share\.php|dialog/(?:feed|share))"),
    "linkedin.com": re.compile(r"/(?:shareArticle|sharing/|cws/share)"),
    "reddit.com": re.compile(r"/submit\b"),
    "news.ycombinator.com": re.compile(r"/submitlink\b"),
    "t.me": re.compile(r"/share\b"),
    "telegram.me": re.compile(r"/share\b"),
    "api.whatsapp.com": re.compile(r"/send\b"),
    "wa.me": re.compile(r"/?\?text"),
    "pinterest.com": re.compile(r"/pin/create\b"),
    "getpocket.com": re.compile(r"/(?:save|edit)\b"),
    "instapaper.com": re.compile(r"/hello"),
    "tumblr.com": re.compile(r"/share\b"),
}
# what a newsletter tracks under its own host (Cooperpress, Curated) leads to the pages of others
_LEADS_ON = joined(re.compile(r"/link/\d+/(?:web|rss)\Z"), *platforms.LEADS_ON)
_CHROME_PATHS = joined(
    re.compile(
        r"/(?:unsubscribe\b|(?:email|manage|update)[-_]?preferences(?:[-_]cent(?:er|re))?(?![\w-])"
        r"|manage[-_]subscriptions?(?![\w-])"
        r"|cdn-cgi/l/email-protection|opt-?out(?![\w-])|polls?/(?:[\w-]+/)?vote(?![\w-]))"
        r"|^refer\.[\w-]+\.\w|/eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"
        # a reader's address; mailing lists and messages (RFC 5322 3.6.4) have such names, too
        r"|(?<!/list)(?<!/lists)(?<!/archives)/(?!\d{8})(?:[^/@?#%]|%2B){1,40}"
        r"(?:%40|@(?=(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|proton(?:mail)?)\.))"
        r"(?:[\w-]+\.)+[a-z]{2,24}(?=[/?#]|\Z)"
    ),
    *platforms.ACTS,
)
_CHROME_QUERIES = joined(
    re.compile(r"[?&]email=[^&]*%40|/subscribe\?(?:.*&)?ref="),
    *platforms.ACTS_BY_QUERY,
)
# each of the two patterns above, and a merge field, needs one of these, or a `%` and one of those
_PLATFORMS_WORDS = needed_words(*platforms.ACTS, *platforms.ACTS_BY_QUERY)
_FURNITURE_WORDS = (
    *_PLATFORMS_WORDS, "unsubscribe", "preferences", "manage", "cdn-cgi/l/", "PLACEHOLDER", "{", "*|", "[", "/opt",
    "/vote", "refer.", "ref=", "/eyJ", "@",
)  # fmt: skip
_ESCAPED_WORDS = (
    "%40", "%7B", "*%7C", "%5B", "<%", "%3C", "%%", "%25", "%recipient", "%subscriber", "%contact", "%user"
)  # fmt: skip

_SIGN_PATHS = joined(
    re.compile(
        r"/(?:login|log-in|signin|sign-in|signup|sign-up|subscribe|upgrade|referrals?|refer|leaderboard|account)"
        r"(?:[/?]|$)",
        re.IGNORECASE,
    ),
    *platforms.JOINS_AT,
)
# what a site of something else than a newsletter hardly has
_JOINING = joined(
    re.compile(r"/(?:subscribe|upgrade|referrals?|refer|leaderboard)(?:[/?]|$)", re.IGNORECASE), *platforms.JOINS_AT
)
# a referral that the sender has not filled in, at a site's front door; deeper in, a merge field may be anybody's offer
_REFERRAL = re.compile(r"[^/?]*\?(?:.*&)?(?:ref|referral|r|rh_ref|via|utm_[a-z]+)=[^&]*(?:PLACEHOLDER|\{\{|%7B%7B)")
_SIGN_TEXTS = frozenset(
    """subscribe|subscribe now|subscribe here|subscribe today|subscribe for free|sign up|sign up here|sign in|log in
    |login|join now|upgrade|upgrade now|upgrade to paid|go pro|read the rest|refer a friend|subscribed""".replace(
        "\n", ""
    )
    .replace("    ", "")
    .split("|")
)
_CHROME_TEXTS = frozenset(platforms.FURNITURE_WORDS) | frozenset(
    """advertise|advertise here|advertise with us|unsubscribe|unsubscribe here|view in browser|view in your browser
    |view online|read online|read on the web|read in browser|view this email in your browser|manage preferences
    |manage your preferences|update your preferences|email preferences|update preferences|click to share|share this
    |share this post|share this story|share this newsletter|share this issue|tweet this|forward to a friend
    |check out our sponsor options
    |become a sponsor|sponsor us|sponsor this newsletter|manage subscription|share on twitter|share on facebook
    |share on linkedin|follow us|follow us on twitter|join discord|join our discord""".replace("\n", "")
    .replace("    ", "")
    .split("|")
)
# also what a story may call a post that it links to: furniture where the address shares
_SHARE_TEXTS = frozenset({"share", "tweet", "forward"})
_SHARE_PATHS = re.compile(r"/(?:share|sharer|intent|forward)(?:\.php)?(?:[/?]|$)", re.IGNORECASE)
_MADE_WITH = frozenset(
    f"{made} {platform}"
    for made in ("built with", "made with", "powered by", "sent with", "sent by", "published with", "published on")
    for platform in (*platforms.CALLED, "brevo", "sendinblue")
)
_NETWORKS = frozenset("twitter x facebook linkedin instagram youtube tiktok threads mastodon bluesky".split())
_PROFILE = re.compile(
    r"(?:(?:twitter|facebook|instagram|tiktok|youtube)\.com|threads\.(?:net|com)|bsky\.app/profile"
    r"|linkedin\.com/(?:in|company|school|showcase)|youtube\.com/(?:c|channel|user)|[\w-]+(?:\.[\w-]+)+(?=/@))"
    r"(?:/@?([^/?#]+))?\Z"
)
_OFFER_WORDS = ("dvertise", "ponsor", "ant to get in", "ant to reach", "to share with over")  # each offer has one
_OFFER = re.compile(
    r"want to (?:get in front of|reach|sponsor|advertise)|(?:advertise|sponsor) (?:with us|(?:in )?this newsletter)"
    r"|become a sponsor|like to share with over [\d,.]+k? (?:subscribers|readers)",
    re.IGNORECASE,
)
_SHOWN_HERE = re.compile(r"\bsrc(?:set)?\s{0,9}=\s{0,9}(?:\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_GENERIC_SOURCES = frozenset(platforms.SOURCES) | frozenset(
    "newsletter email twitter facebook linkedin rss website web google social mail referral".split()
)
_SEVERAL = 2


@dataclass(slots=True)
class Own:
    """The hosts and names of the newsletter itself. `domains` are the registered ones: crumbs.beehiiv.com covers no
    other that happens to be called alike, unless `vouch` says so. `paths` are its places on hosts that it shares:
    `buttondown.com/crumbs`. `names` are what it is called by in both (`crumbs`), `titles` what it calls itself.
    """

    hosts: set[str] = field(default_factory=set)
    domains: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    titles: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    def add_site(self, url: str | None) -> None:
        """Take the host of an address as the newsletter's own, or its place there, where it shares the host."""
        key = (link_key(url) if url else None) or ""
        host = host_in(key)
        if host not in _SHARED_PATHS:
            self.add_host(host)
        elif place := place_in(key):
            self.paths.add(place)
            self._add_name(place.rpartition("/")[2].lstrip("@").lower())

    def add_host(self, host: str) -> None:
        """Take a host as the newsletter's own, unless half the web lives on it; it comes with its port, as in a key."""
        if not host or host in _COMMON_HOSTS or host in _SHARED_PATHS or _COMMON_SERVERS.match(host):
            return
        self.hosts.add(host)
        name = name_of(host)
        if name:
            self.domains.add(domain_of(host))
        self._add_name(name)

    def _add_name(self, name: str) -> None:
        if len(name) > 2 and name not in _NO_NAMES:
            self.names.add(name)

    @property
    def has_domain_of_its_own(self) -> bool:
        """Nobody else publishes under it."""
        return not all(map(is_given, self.domains))

    def vouch(self, domain: str) -> None:
        """Take a domain for the newsletter's own that is called like it, and of which more than that is known."""
        if domain and domain not in _COMMON_HOSTS and name_of(domain) in self.names:
            self.domains.add(domain)

    def owns(self, host: str) -> bool:
        """The host belongs to the newsletter."""
        if host in self.hosts:
            return True
        return host not in _COMMON_HOSTS and domain_of(host) in self.domains

    def holds(self, key: str) -> bool:
        """The link stands at the newsletter's place on a host that it shares."""
        return place_in(key) in self.paths


def place_in(key: str) -> str:
    """Where one of those who share a host stands: `mailchi.mp/crumbs`. Empty on other hosts, and at their door."""
    segments = _SHARED_PATHS.get(host_in(key))
    parts = key.partition("?")[0].partition("#")[0].split("/")
    if segments is None or len(parts) <= segments or parts[1] in _NO_PLACES:
        return ""
    return "/".join(parts[: segments + 1])


def learn_own(own: Own, links: Iterable[tuple[str, str, str]]) -> None:
    """Add what the links (key, utm_source, anchor text) give away.

    That is referral placeholders, and of a domain that is called like the newsletter, that readers sign up there.
    Where nothing else says whose the newsletter is, it is several log-in and subscribe buttons to one host, or the name
    that is stamped on several links to others (`utm_source=crumbs`): one alone may have been copied along with
    somebody else's address.
    """
    abroad: Counter[str] = Counter()
    signing: Counter[str] = Counter()
    is_known = bool(own.hosts or own.paths)
    hosts = set()
    for key, stamp, text in links:
        host = host_in(key)
        hosts.add(host)
        if stamp and stamp not in _GENERIC_SOURCES and (stamp not in host or name_of(host) != stamp):
            abroad[stamp] += 1
        if ("PLACEHOLDER" in key or "{{" in key or "%7B%7B" in key) and (
            _SIGN_PATHS.search(key) or _REFERRAL.match(key)
        ):
            if not host.endswith(platforms.REFERS_AT):
                own.add_host(host)
        elif len(text) < 30 and text.strip(" .!→»\n").lower() in _SIGN_TEXTS and _SIGN_PATHS.search(key):
            signing[host] += _SEVERAL if is_known and _JOINING.search(key) else 1
    called = {domain_of(host): 0 for host in hosts if name_of(host) in own.names}
    for host, count in signing.items():
        domain = domain_of(host)
        if domain in called:
            called[domain] += count
        if not is_known and count >= _SEVERAL:
            own.add_host(host)
    for domain, count in called.items():
        # who has a domain often began under a platform's; the other way round it may be anybody's
        began_there = domain.partition(".")[2] in _NEWSLETTER_DOMAINS and own.has_domain_of_its_own
        if count >= _SEVERAL or began_there:
            own.vouch(domain)
    best = max(abroad.values(), default=0)
    if not is_known and best >= _SEVERAL:
        own.names.update(name for name, count in abroad.items() if count == best)
        for host in hosts:
            own.vouch(domain_of(host))


def called_alike(own: Own, text: str) -> set[str]:
    """The domains that a text links to and that are called like the newsletter, beside those that it has."""
    found: set[str] = set()
    names = [name for name in own.names if f"{name}." in text]
    text = _SHOWN_HERE.sub("", text) if names else ""
    for name in names:
        if f"{name}." in text:
            hosts = re.findall(rf"//((?:[\w-]{{1,63}}\.){{0,5}}{re.escape(name)}(?:\.[\w-]{{1,63}}){{1,5}})", text)
            found.update(domain_of(host) for host in hosts if name_of(host) == name)
    return found - own.domains


def host_in(key: str) -> str:
    """The host a link key begins with."""
    return key.partition("/")[0].partition("?")[0]


def is_action(key: str) -> bool:
    """Following the link does something: it unsubscribes, votes, shares, signs up. Nobody but a reader may press it."""
    return (
        _CHROME_PATHS.search(key) is not None
        or MERGE_FIELD.search(key) is not None
        or _CHROME_QUERIES.search(key) is not None
        or host_in(key).startswith(("unsubscribe.", "preferences.", "magic."))
        or _SIGN_PATHS.search(key) is not None
        or invites(key)
    )


def acts_as_written(raw: str) -> bool:
    """The address, before it was cleaned, signs its reader up: what it names the reader by is gone afterwards."""
    lowered = raw.lower()
    if any(field in lowered for field in platforms.SIGNS_UP):
        return True
    return "mail=" in lowered and _SIGN_PATHS.search(raw) is not None


def may_invite(text: str) -> bool:
    """The text, in lower case, may hold the address of an invitation."""
    if "disco" in text and ("discord." in text or "discordapp." in text):
        return True
    return ".gg/" in text or "disboard." in text


def without_invites(text: str) -> str:
    """The text without invitations that stand bare in it."""
    return " ".join(_INVITE_TEXT.sub(" ", text).split()) if _INVITE_TEXT.search(text) else text


def odd_keys(keys: list[str]) -> frozenset[str]:
    """Those of many keys that may be furniture by their path or query alone."""
    text = "\n".join(keys)
    words = [word for word in _FURNITURE_WORDS if word in text]
    if "%" in text:
        words += [word for word in _ESCAPED_WORDS if word in text]
    return frozenset([key for key in keys for word in words if word in key])


def is_chrome(key: str, text: str, own: Own, *, is_odd: bool = True) -> bool:
    """The link belongs to the newsletter's furniture, not to its content; `is_odd` is told by `odd_keys`."""
    host = host_in(key)
    if key in own.keys or (own.owns(host) and not _LEADS_ON.match(key, len(host))):
        return True
    if own.paths and own.holds(key):
        return True
    furniture = _CHROME_HOSTS.get(host)
    if host in _CHROME_SITES or (furniture is not None and furniture.match(key, len(host))) or invites(key):
        return True
    if is_odd:
        if _CHROME_PATHS.search(key) or MERGE_FIELD.search(key) or ("?" in key and _CHROME_QUERIES.search(key)):
            return True
        if host.startswith(("unsubscribe.", "preferences.")):
            return True
    if len(text) > 40:
        return False
    words = text.strip(" .!→»›👉|*\n").lower()
    if words in _CHROME_TEXTS or words in _MADE_WITH:
        return True
    if words in _SIGN_TEXTS:
        return _SIGN_PATHS.search(key) is not None
    if words in _SHARE_TEXTS:
        return _SHARE_PATHS.search(key) is not None
    if words not in _NETWORKS:
        return False
    profile = _PROFILE.match(key)  # the newsletter's own: a story may link to those it is about
    return profile is not None and (profile[1] or "").lower() in own.names


def is_offer(text: str) -> bool:
    """The paragraph offers space for advertising."""
    for words in _OFFER_WORDS:
        if words in text:
            return _OFFER.search(text) is not None
    return False
