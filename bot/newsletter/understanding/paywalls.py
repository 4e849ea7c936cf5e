"""Where a text breaks off for those who do not pay: its own words say so, and at times its markup.

What stands behind that place belongs to those who paid, however it came here: nothing of it is kept.
"""

import re

from bot.newsletter import platforms
from bot.newsletter.addresses.chrome import Own, host_in, is_action
from bot.newsletter.markup.blocks import Block
from bot.newsletter.platforms.paying import END, PAYING, PIECE, PLAN, READERS, SUBSCRIBER, TIERS
from bot.newsletter.rules import joined, needed_words, rule

PAID = (".paywall", ".paywalled", ".paywall-content", ".paywalled-content", *platforms.PAID)
"""Selectors of what stands at a paywall or behind it: common ones, and those of platforms."""

_PAID_NAMES = {name for selector in PAID for name in re.findall(r"[\w-]+", selector)}
_PAID_WORDS = [name for name in _PAID_NAMES if not any(other in name for other in _PAID_NAMES - {name})]

_MAX_SENTENCE = 400

_PAYWALL = rule(
    r"subscribe to .{1,80}? to (?:(?:read|unlock) the rest|(?:keep|continue) reading this)"
    r"|upgrade to (?:read|unlock) the rest|already a pa(?:ying|id) (?:subscriber|member)"
    r"|upgrade to (?:paid|premium) to"
    r"|this (?:post|issue|article|story|content|newsletter|episode|edition) is (?:only )?for"
    r" (?:(?:paid|paying|premium|pro) )?(?:subscribers|members)"
    r"|the (?:rest|remainder) of this (?:post|issue|article|story|episode|edition|newsletter) is (?:only )?for"
    r" (?:our |my )?(?:paid|paying|premium|pro|subscribers|members)\b"
    r"|to (?:keep|continue) reading, (?:subscribe|upgrade)"
    r"|become a (?:paid|paying) (?:subscriber|member) to (?:read|continue|get|access)"
    r"|keep reading with a \d+-day free trial"
    r"|subscribe to (?:continue|keep) reading|this is a preview of a paid",
    "what says that there is something for those who pay, be it only an offer",
    source="tests/newsletter/test_paywalls.py",
    specimens=(
        "Subscribe to Crumbs to read the rest",
        "Upgrade to paid to get the stickers, too.",
        "Already a paid subscriber?",
        "This post is for paid subscribers",
        "To continue reading, upgrade your plan.",
        "Keep reading with a 7-day free trial",
    ),
    others=("I read the rest on the train.", "This loaf is for members.", "Subscribe to Crumbs"),
    flags=re.IGNORECASE,
)
# each sentence, here and below, holds one of these; a text without any of them needs no closer look
_WORDS = (
    *needed_words(*platforms.ENDS),
    "the rest",
    "already a pa",
    "upgrade to ",
    "free preview",
    "ers only",
    "for pa",
    "for premium",
    "is for ",
    "is only for ",
    "reading,",
    "become a pa",
    "subscribe to continue",
    "subscribe to keep",
    "reading this ",
    "of a paid",
    "subscribe now",
)

# Said where the text ends; the other sentences may as well offer something in the middle of what everybody reads. What
# is behind is named, or who pays: "to keep this letter free", "for beginners" and "for pro photographers" end nothing.
_CUT = joined(
    rule(
        r"already a pa(?:ying|id) (?:subscriber|member)\W+(?:sign|log) ?in\b"
        r"(?!(?:\W+here)?\W+to (?:comment|join|manage|vote|reply|chat|update|change|participate|claim"
        r"|(?:see|read|view|leave|unlock) (?:the |all |our |a )?comments?))"
        rf"|upgrade to {PLAN} to (?:(?:(?:continue|keep) reading|read on)(?: (?:this|the) {PIECE})?{END}"
        rf"|continue{END}|read the rest\b(?! of (?!this\b|the ))"
        rf"|(?:read|unlock) (?:this|the (?:full|whole|entire)) {PIECE}\b(?! (?:archive|of|on)))"
        r"|to (?:keep|continue) reading, (?:subscribe|upgrade)"
        r"(?: (?:now|today|here|to\b|your (?:plan|subscription|account))|\W*$)(?!.*\bfor free\b)"
        rf"|become a (?:paid|paying) {SUBSCRIBER} to (?:continue(?: reading|{END})|read on\b"
        r"|read the rest\b(?! of (?!this\b|the ))"
        rf"|(?:read|unlock) (?:this|the (?:full|whole|entire)) {PIECE}{END})"
        rf"|to (?:read|unlock) the rest(?: of (?:this|the) {PIECE})?, (?:subscribe|upgrade|become an? {PAYING} )"
        r"(?!.*\bfor free\b)"
        r"|(?:reached|is) the end of (?:the|this|your) free preview"
        rf"|\A\W*[🔒🔐]\W*(?:(?:only )?for {PAYING} (?:subscribers|members)|{PAYING} (?:subscribers|members) only)\W*\Z"
        rf"|\A\W*{PAYING} (?:subscribers|members) only (?:below|beyond|past|from here)\b.{{0,40}}\Z"
        rf"|subscribe(?: now)? to (?:continue|keep) reading(?: (?:this|the) {PIECE})?{END}",
        "where a text breaks off for those who do not pay",
        source="tests/newsletter/test_paywalls.py",
        specimens=(
            "Already a paying subscriber? [Sign In](/login)",
            "Upgrade to paid to continue reading",
            "To continue reading, upgrade your plan.",
            "Become a paying member to unlock this post",
            "To read the rest of this post, become a paid subscriber",
            "You have reached the end of the free preview.",
            "🔒 For paid subscribers",
            "Paid members only below this line",
            "Subscribe now to continue reading",
        ),
        others=(
            "Already a paid subscriber? Sign in to comment.",
            "Upgrade to paid to continue supporting independent writing.",
            "To keep reading, subscribe to the newsletter for free.",
            "Become a paid member to read this newsletter without ads.",
            "To read the rest, subscribe for free.",
            "Paid members only: join Thursday's call.",
            "Subscribe to keep reading these updates every week.",
        ),
        flags=re.IGNORECASE | re.MULTILINE,
    ),
    *platforms.ENDS,
)
_FOR_THOSE_WHO_PAY = rule(
    rf"this (?:(?:{PIECE}|content|newsletter) is|is an? {PIECE}) (?:only )?for {PAYING} {READERS}"
    rf"|this (?:{PIECE}|content) is (?:only )?for (?:subscribers|members)(?:{END}| only(?=\W*$|[.!:;])| {TIERS})"
    rf"|the (?:rest|remainder) of (?:this|today['’]s) (?:{PIECE}|newsletter) is (?:only )?for (?:our |my )?"
    rf"(?:{PAYING} {READERS}|(?:subscribers|members) (?:to|of|on) [^.!?]{{0,60}}?\b{PLAN}\b"
    rf"|(?:subscribers|members)(?: only| {TIERS})?(?=\W*$|[.!:;]))",
    "who alone may read a text, or the rest of it",
    source="https://ghost.org/help/public-preview/",
    specimens=(
        "This post is for paying subscribers only",
        "This is an issue for premium members.",
        "This post is for subscribers on the Gold tier only",
        "The rest of today's issue is for paid subscribers.",
        "The rest of this issue is for members of our paid plan.",
    ),
    others=(
        "The rest of this issue is for beginners who want to learn Rust.",
        "This newsletter is for subscribers.",
        "The rest of this issue is for premium whisky lovers.",
        "This is a post for people who bake.",
    ),
    flags=re.IGNORECASE | re.MULTILINE,
)
_QUOTED = rule(
    r"“[^”]*”|\"[^\"]*\"",
    "what somebody else is quoted with",
    source="tests/newsletter/test_paywalls.py",
    specimens=("It shows “This post is for paid subscribers” now", 'They say "keep reading"'),
    others=("It's for paid subscribers", "”“"),
)
_OPEN = rule(
    r"\b(?:for|open to|and) (?:everyone|everybody|all readers)\b|\balike\b|\band (?:our |my )?free\b"
    r"|\b(?:is|are) (?:free|open) today|\btoday (?:it )?is (?:free|open)",
    "what stands behind such a sentence where the rest is for everybody all the same",
    source="tests/newsletter/test_paywalls.py",
    specimens=(" and free readers alike.", "; today is free.", ", but open to everyone"),
    others=(". The first month is free.", ". Start your free trial to read."),
    flags=re.IGNORECASE,
)


def marks_paid(source: str) -> bool:
    """The markup may have an element that one of `PAID` names."""
    return "class=" in source and any(word in source for word in _PAID_WORDS)


def without_gated(source: str) -> tuple[str, bool]:
    """A feed's or a page's text without the boxes for those who pay, and whether there were any."""
    public = platforms.without_gated(source)
    return public, len(public) < len(source)


def public_part(source: str) -> tuple[str, bool]:
    """A file's text without those boxes and what stands behind its public part, and whether there is any of that."""
    public = platforms.public_part(source)
    return public, len(public) < len(source)


def read_paywall(blocks: list[Block], text: str, *, own: Own, is_cut: bool) -> tuple[bool, int]:
    """Whether the rest is for those who pay, and the number of the block where that begins (else, of blocks).

    `text` is all of it in lower case. `is_cut` says that the source says so: then an offer, too, is where it is cut.
    """
    words = [word for word in _WORDS if word in text]
    if not words:
        return False, len(blocks)
    is_paywalled = False
    for number, block in enumerate(blocks):
        if len(block.text) < _MAX_SENTENCE:
            lowered = block.text.lower()
            if not any(word in lowered for word in words):
                continue
            is_end = _is_cut(lowered)
            if is_end or _PAYWALL.search(lowered):
                is_paywalled = True
                if (is_cut or is_end) and not _leads_elsewhere(block, own):
                    # what stands first names the issue, whatever it says
                    return True, max(number, int(blocks[0].kind == "h1"))
    return is_paywalled, len(blocks)


def _is_cut(words: str) -> bool:
    words = _QUOTED.sub(" ", words)
    if _CUT.search(words):
        return True
    paid = _FOR_THOSE_WHO_PAY.search(words)
    return paid is not None and _OPEN.search(words, paid.end()) is None


def _leads_elsewhere(block: Block, own: Own) -> bool:
    """It is another site that wants to be paid: "(subscribe to continue reading)" behind a link to it."""
    return any(a.key and not own.owns(host_in(a.key)) and not is_action(a.key) for a in block.anchors)


def before_paywall(source: str) -> str:
    """The part of a Markdown document before it breaks off, judged by its lines alone."""
    text = source.lower()
    if not any(word in text for word in _WORDS):
        return source
    free = []
    for line in source.splitlines(keepends=True):
        if len(line) < _MAX_SENTENCE and _is_cut(line):
            break
        free.append(line)
    return "".join(free)
