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
from bot.newsletter.rules import joined, needed_words, rule

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
_INVITE_TEXT = rule(
    r"(?:https?://)?(?<![\w.-])(?:www\.|canary\.|ptb\.)?(?:discord(?:app)?\.com/+invite/+"
    rf"|(?:{'|'.join(map(re.escape, INVITING_HOSTS))})/+|disboard\.org/(?:\w\w/)?server/join/+)[\w-]+/?",
    "an invitation to a Discord server that stands in a text",
    source="https://support.discord.com/hc/en-us/articles/208866998-Invites-101",
    specimens=("told on discord.gg/abc now", "https://ptb.discord.com/invite/abc", "disboard.org/server/join/123"),
    others=("discord.com/blog/invite-only", "notdiscord.gg/abc"),
    flags=re.IGNORECASE,
)
# hosts whose pages are all furniture
_CHROME_SITES = frozenset((*platforms.FURNITURE_HOSTS, "mastodonshare.com", "share.flipboard.com", "hub.sparklp.co"))
# hosts of which some pages are: path (and query) that makes them so
_BUTTONS = "share buttons of newsletters"
_SHARES = rule(
    r"/(?:intent|share)\b",
    "to post an address on X, behind its host",
    source="https://developer.x.com/en/docs/x-for-websites/tweet-button/guides/web-intent",
    specimens=("/intent/tweet?url=x", "/share?url=x"),
    others=("/ann/status/1", "/shared"),
    how="match",
)
_INTENDS = rule(
    r"/intent\b",
    "to post an address on Bluesky or Threads, behind their hosts",
    source="https://docs.bsky.app/docs/advanced-guides/intent-links",
    specimens=("/intent/compose?text=x", "/intent/post?text=x"),
    others=("/profile/ann.example/post/1", "/intention"),
    how="match",
)
_TELLS = rule(
    r"/share\b",
    "to post an address on Telegram or Tumblr, behind their hosts",
    source="https://core.telegram.org/widgets/share",
    specimens=("/share/url?url=x", "/share?url=x"),
    others=("/durov/1", "/shared"),
    how="match",
)
_ADDS = rule(
    r"/add\b",
    "to plan a post about an address with Buffer, behind its host",
    source=_BUTTONS,
    specimens=("/add?url=x",),
    others=("/library", "/addendum"),
    how="match",
)
_CHROME_HOSTS = {
    **platforms.FURNITURE_AT,
    "vk.com": rule(
        r"/share\.php\b",
        "to post an address on VK, behind its host",
        source=_BUTTONS,
        specimens=("/share.php?url=x",),
        others=("/ann", "/share"),
        how="match",
    ),
    "buffer.com": _ADDS,
    "bufferapp.com": _ADDS,
    "brevo.com": rule(
        r"/legal\b",
        "what Brevo's site is linked to for under its mails, behind its host",
        source="https://www.brevo.com/legal/termsofuse/",
        specimens=("/legal/termsofuse",),
        others=("", "/blog/bread", "/legality"),
        how="match",
    ),
    "feedletter.co": rule(
        r"/feedback/",
        "a vote on an issue, behind Feedletter's host",
        source="votes under newsletters",
        specimens=("/feedback/1a/2",),
        others=("", "/blog/feedback/"),
        how="match",
    ),
    "twitter.com": _SHARES,
    "bsky.app": _INTENDS,
    "threads.net": _INTENDS,
    "threads.com": _INTENDS,
    "facebook.com": rule(
        r"/(?:sharer|share\.php|dialog/(?:feed|share))",
        "to post an address on Facebook, behind its host",
        source="https://developers.facebook.com/docs/sharing/reference/share-dialog",
        specimens=("/sharer/sharer.php?u=x", "/dialog/share?href=x"),
        others=("/ann/posts/1", "/share/p/1"),
        how="match",
    ),
    "linkedin.com": rule(
        r"/(?:shareArticle|sharing/|cws/share)",
        "to post an address on LinkedIn, behind its host",
        source=_BUTTONS,
        specimens=("/shareArticle?url=x", "/sharing/share-offsite/?url=x", "/cws/share?url=x"),
        others=("/pulse/rye", "/posts/ann_1"),
        how="match",
    ),
    "reddit.com": rule(
        r"/submit\b",
        "to post an address on Reddit, behind its host",
        source=_BUTTONS,
        specimens=("/submit?url=x",),
        others=("/r/bread/submit", "/submitted"),
        how="match",
    ),
    "news.ycombinator.com": rule(
        r"/submitlink\b",
        "to post an address on Hacker News, behind its host",
        source=_BUTTONS,
        specimens=("/submitlink?u=x",),
        others=("/item?id=1", "/submitted?id=ann"),
        how="match",
    ),
    "t.me": _TELLS,
    "telegram.me": _TELLS,
    "api.whatsapp.com": rule(
        r"/send\b",
        "to send an address by WhatsApp, behind its host",
        source="https://faq.whatsapp.com/5913398998672934",
        specimens=("/send?text=x",),
        others=("", "/sender"),
        how="match",
    ),
    "wa.me": rule(
        r"/?\?text",
        "to send a text to whomever one likes, behind WhatsApp's host",
        source="https://faq.whatsapp.com/5913398998672934",
        specimens=("/?text=x", "?text=x"),
        others=("/15551234567", "/15551234567?text=x"),
        how="match",
    ),
    "pinterest.com": rule(
        r"/pin/create\b",
        "to pin an address on Pinterest, behind its host",
        source=_BUTTONS,
        specimens=("/pin/create/button/?url=x",),
        others=("/pin/1", "/ann"),
        how="match",
    ),
    "getpocket.com": rule(
        r"/(?:save|edit)\b",
        "to save an address with Pocket, behind its host",
        source=_BUTTONS,
        specimens=("/save?url=x", "/edit?url=x"),
        others=("/explore/item/rye", "/saves"),
        how="match",
    ),
    "instapaper.com": rule(
        r"/hello",
        "to save an address with Instapaper, behind its host",
        source=_BUTTONS,
        specimens=("/hello2?url=x",),
        others=("/read/1",),
        how="match",
    ),
    "tumblr.com": _TELLS,
}
# what a newsletter tracks under its own host (Cooperpress, Curated) leads to the pages of others
_LEADS_ON = joined(
    rule(
        r"/link/\d+/(?:web|rss)\Z",
        "what Cooperpress and Curated count the clicks on, under the newsletter's own host",
        source="newsletters of Cooperpress, and on Curated",
        specimens=("/link/101/rss", "/link/123/web"),
        others=("/link/101", "/link/bread/web"),
        how="match",
    ),
    *platforms.LEADS_ON,
)
_CHROME_PATHS = joined(
    rule(
        r"/(?:unsubscribe\b|(?:email|manage|update)[-_]?preferences(?:[-_]cent(?:er|re))?(?![\w-])"
        r"|manage[-_]subscriptions?(?![\w-])"
        r"|cdn-cgi/l/email-protection|opt-?out(?![\w-])|polls?/(?:[\w-]+/)?vote(?![\w-]))"
        r"|^refer\.[\w-]+\.\w|/eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"
        # a reader's address; mailing lists and messages (RFC 5322 3.6.4) have such names, too
        r"|(?<!/list)(?<!/lists)(?<!/archives)/(?!\d{8})(?:[^/@?#%]|%2B){1,40}"
        r"(?:%40|@(?=(?:gmail|googlemail|yahoo|hotmail|outlook|icloud|proton(?:mail)?)\.))"
        r"(?:[\w-]+\.)+[a-z]{2,24}(?=[/?#]|\Z)",
        "a page where a reader's subscription is changed, a vote, a token, an address that holds a reader's own",
        source="tests/newsletter/test_chrome.py",
        specimens=(
            "foo.example/unsubscribe",
            "foo.example/email-preferences-center",
            "foo.example/manage-subscription",
            "foo.example/mail/opt-out?x=1",
            "foo.example/polls/vote?x",
            "refer.mag.example/abc123/2",
            "foo.example/u/jane%40gmail.com/x",
            "foo.example/u/jane@gmail.com",
            "foo.example/verify/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        ),
        others=(
            "foo.example/optin",
            "foo.example/opt-outdoors",
            "mail.python.org/archives/list/python-dev%40python.org/thread/ABC",
            "lore.kernel.org/git/20240131093015.abc%40mail.example.org/T",
            "social.example/@jane@gmail.example/1",
        ),
    ),
    *platforms.ACTS,
)
_CHROME_QUERIES = joined(
    rule(
        r"[?&]email=[^&]*%40|/subscribe\?(?:.*&)?ref=",
        "an address that names its reader, or to subscribe by somebody's recommendation",
        source="tests/newsletter/test_chrome.py",
        specimens=("foo.example/subscribe?email=a%40b.example", "mag.example/subscribe?ref=AbC123"),
        others=("foo.example/?email=weekly", "mag.example/subscribe?x=1", "mag.example/p/x?ref=AbC123"),
    ),
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
    rule(
        r"/(?:login|log-in|signin|sign-in|signup|sign-up|subscribe|upgrade|referrals?|refer|leaderboard|account)"
        r"(?:[/?]|$)",
        "where readers sign in or join",
        source="tests/corpus/beehiiv-page.html",
        specimens=("updraft.example/upgrade", "updraft.example/subscribe?ref=x", "foo.example/Login/"),
        others=("foo.example/subscribers", "foo.example/p/login-walls"),
        flags=re.IGNORECASE,
    ),
    *platforms.JOINS_AT,
)
# what a site of something else than a newsletter hardly has
_JOINING = joined(
    rule(
        r"/(?:subscribe|upgrade|referrals?|refer|leaderboard)(?:[/?]|$)",
        "where readers of a newsletter join, or win others for it",
        source="tests/corpus/beehiiv-page.html",
        specimens=("updraft.example/upgrade", "updraft.example/subscribe?ref=x", "foo.example/leaderboard"),
        others=("foo.example/login", "foo.example/account", "foo.example/upgrades"),
        flags=re.IGNORECASE,
    ),
    *platforms.JOINS_AT,
)
# a referral that the sender has not filled in, at a site's front door; deeper in, a merge field may be anybody's offer
_REFERRAL = rule(
    r"[^/?]*\?(?:.*&)?(?:ref|referral|r|rh_ref|via|utm_[a-z]+)=[^&]*(?:PLACEHOLDER|\{\{|%7B%7B)",
    "a referral at a site's front door that nobody has filled in",
    source="tests/corpus/beehiiv-page.html",
    specimens=("crumbs.example?ref=PLACEHOLDER", "crumbs.example?a=1&rh_ref={{code}}"),
    others=("crumbs.example/offer?ref=PLACEHOLDER", "crumbs.example?ref=AbC123", "crumbs.example?x=PLACEHOLDER"),
    how="match",
)
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
_SHARE_PATHS = rule(
    r"/(?:share|sharer|intent|forward)(?:\.php)?(?:[/?]|$)",
    "where a page is shared",
    source=_BUTTONS,
    specimens=("foo.example/share?u=x", "foo.example/sharer.php?u=x", "foo.example/forward"),
    others=("foo.example/shared", "foo.example/p/share-of-bread"),
    flags=re.IGNORECASE,
)
_MADE_WITH = frozenset(
    f"{made} {platform}"
    for made in ("built with", "made with", "powered by", "sent with", "sent by", "published with", "published on")
    for platform in (*platforms.CALLED, "brevo", "sendinblue")
)
_NETWORKS = frozenset("twitter x facebook linkedin instagram youtube tiktok threads mastodon bluesky".split())
_PROFILE = rule(
    r"(?:(?:twitter|facebook|instagram|tiktok|youtube)\.com|threads\.(?:net|com)|bsky\.app/profile"
    r"|linkedin\.com/(?:in|company|school|showcase)|youtube\.com/(?:c|channel|user)|[\w-]+(?:\.[\w-]+)+(?=/@))"
    r"(?:/@?([^/?#]+))?\Z",
    "a profile at a network, or the network itself",
    source="icons of networks under newsletters",
    specimens=(
        "twitter.com/crumbs",
        "linkedin.com/company/crumbs",
        "bsky.app/profile/crumbs.example",
        "hachyderm.example/@ann",
    ),
    others=("twitter.com/crumbs/status/1", "linkedin.com/pulse/rye", "crumbs.example/about"),
    how="match",
)
_OFFER_WORDS = ("dvertise", "ponsor", "ant to get in", "ant to reach", "to share with over")  # each offer has one
_OFFER = rule(
    r"want to (?:get in front of|reach|sponsor|advertise)|(?:advertise|sponsor) (?:with us|(?:in )?this newsletter)"
    r"|become a sponsor|like to share with over [\d,.]+k? (?:subscribers|readers)",
    "a paragraph that offers space for advertising",
    source="tests/newsletter/test_sponsors.py",
    specimens=(
        "Want to get in front of bakers?",
        "Advertise with us",
        "Something to share? Like to share with over 20k readers?",
    ),
    others=("Bakers advertise with flour", "They want to bake"),
    flags=re.IGNORECASE,
)
_SHOWN_HERE = rule(
    r"\bsrc(?:set)?\s{0,9}=\s{0,9}(?:\"[^\"]*\"|'[^']*')",
    "the address of what a page shows, and does not link to",
    source="https://html.spec.whatwg.org/multipage/images.html",
    specimens=("<img src='https://a.example/x.png'>", '<img SRCSET = "a.png 2x">'),
    others=('<a href="https://a.example/">', "<img src=a.png>"),
    flags=re.IGNORECASE,
)
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
