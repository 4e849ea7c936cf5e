"""HTML and Markdown -> one issue. Feeds come through here with each item's body, files and pages with their own."""

import hashlib
from typing import TYPE_CHECKING

from bot.model.issue import Issue, IssuePoll
from bot.newsletter.addresses.links import link_key
from bot.newsletter.addresses.readable import readable_address
from bot.newsletter.markup.blocks import Block, read_blocks
from bot.newsletter.markup.canonical import CUT, canonical_html, is_bare
from bot.newsletter.markup.markdown import markdown_html
from bot.newsletter.markup.pictures import with_shown_pictures
from bot.newsletter.markup.players import with_links_of_videos
from bot.newsletter.markup.spacing import without_torn_bold
from bot.newsletter.platforms import cards_in, opened, take_torn_polls, unwanted_in
from bot.newsletter.understanding.composing import compose, lead_picture
from bot.newsletter.understanding.mastheads import Known
from bot.newsletter.understanding.paywalls import (
    PAID,
    before_paywall,
    marks_paid,
    public_part,
    read_paywall,
    without_gated,
)
from bot.newsletter.understanding.polls import poll

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

UNTITLED = "Untitled"
MAX_HTML = 4_000_000
_SHORTEST_TITLE_WITHIN = 6  # what is shorter stands in a text for itself


def issue_from_html(
    source: str,
    known: Known,
    *,
    identities: list[str] | None = None,
    wanted: str = "",
    around: str = "",
    bare: bool | None = None,
    tree: "LexborHTMLParser | None" = None,
) -> Issue:
    """The issue in an HTML body or page; `wanted` names where a page keeps its text, best selector first.

    `around` names what is no text of a page that keeps it nowhere in particular; `bare` is what `is_bare` says of the
    source, and `tree` what `parsed` makes of it, where that is known already.
    """
    as_given = source = source[:MAX_HTML]
    bare = is_bare(source) if bare is None else bare
    source, has_paid = without_gated(with_links_of_videos(opened(with_shown_pictures(source))))
    known.paywalled = known.paywalled or has_paid
    paid = (*PAID, *known.paid) if known.paid or marks_paid(source) else ()
    canonical = canonical_html(
        source,
        bare=bare,
        tree=tree if source is as_given else None,
        unwanted=unwanted_in(source),
        wanted=wanted,
        around=around,
        paid=paid,
        cards=cards_in(source),
    )
    if paid and CUT in canonical:
        blocks = read_blocks(canonical.replace(CUT, ""), base=known.base)
        known.paywalled = True
        free = len(read_blocks(canonical.partition(CUT)[0], base=known.base))
        return _issue(blocks, known, identities or [], free=free)
    return _issue(read_blocks(canonical, base=known.base), known, identities or [])


def issue_from_markdown(source: str, known: Known) -> Issue:
    """The issue in a Markdown document; of one that is `known` as paid for, what it says itself to be for everybody."""
    is_paid, has_paid = known.paywalled, False
    # In the text of a code span such a mark is none; what is rendered tells the two apart.
    public, keeps_back = public_part(source)
    if keeps_back and public_part(markdown_html(source))[1]:
        source, has_paid = public, True
    known.paywalled = is_paid or has_paid
    whole = source
    source, torn = take_torn_polls(source)
    if torn:
        _, torn = take_torn_polls(before_paywall(whole))
    source = with_links_of_videos(markdown_html(source))
    canonical = canonical_html(source, bare=is_bare(source))
    blocks = read_blocks(canonical, base=known.base, mend=True)
    return _issue(
        blocks,
        known,
        [],
        polls=tuple(
            poll(without_torn_bold(question), [*map(without_torn_bold, options)]) for question, options in torn
        ),
        is_paid=is_paid and not has_paid,
    )


def _issue(
    blocks: list[Block],
    known: Known,
    identities: list[str],
    *,
    polls: tuple[IssuePoll, ...] = (),
    free: int | None = None,
    is_paid: bool = False,
) -> Issue:
    """The issue of these blocks, of which the markup says that the first `free` are for everybody.

    `is_paid` says that all are for those who pay, unless their own words say where that begins.
    """
    text = " ".join([known.title or "", *[block.text for block in blocks]]).casefold()
    content = _content_identity(text, known)
    words = [block.text for block in blocks]
    is_cut, first_paid = read_paywall(blocks, text, own=known.own, is_cut=known.paywalled)
    known.paywalled = known.paywalled or is_cut
    if is_paid and first_paid == len(blocks):
        first_paid, polls = int(bool(blocks) and blocks[0].kind == "h1"), ()
    blocks = blocks[: first_paid if free is None else min(free, first_paid)]
    parts = compose(blocks, known, text, polls)
    if known.url and not identities:
        identities = [f"link:{link_key(known.url)}"]
    return Issue(
        title=parts.title or (readable_address(link_key(known.url) or "") if known.url else "") or UNTITLED,
        identities=(*identities, content),
        url=known.url,
        subtitle=parts.subtitle or None,
        topics=parts.topics,
        authors=parts.authors,
        published_at=parts.published_at,
        image_url=lead_picture(parts, known),
        paywalled=parts.paywalled,
        sections=tuple(parts.sections),
        images=tuple(parts.images),
        polls=parts.polls,
        mentions=tuple(dict.fromkeys(parts.mentions)),
        text_key=_text_key(words, title=parts.title or known.title or "", url=known.url or ""),
    )


def _content_identity(text: str, known: Known) -> str:
    """`content:` and a hash of title and text, blind to case and layout.

    An item without any text is told by its address and date instead, or all such items would be one.
    """
    if not text.strip():
        text = f"{known.url} {known.published_at} {known.image_url}"
    return f"content:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:24]}"


def _text_key(words: list[str], *, title: str, url: str) -> str | None:
    """A hash of the text, blind to case and layout, without its title and its address: those change with a headline."""
    title = " ".join(title.casefold().split())
    longest = 2 * len(title)
    text = " ".join([each for each in words if len(each) > longest or " ".join(each.casefold().split()) != title])
    text = " ".join(text.casefold().split())
    for said in (title, url.casefold()):
        if len(said) >= _SHORTEST_TITLE_WITHIN:
            text = _without(text, said)
    text = " ".join(text.split())
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24] if text else None


def _without(text: str, said: str) -> str:
    """The text without these words, where they stand for themselves. To make a pattern of them would take longer."""
    pieces: list[str] = []
    copied = at = 0
    while (found := text.find(said, at)) >= 0:
        end = found + len(said)
        if _is_of_word(text[found - 1 : found]) or _is_of_word(text[end : end + 1]):
            at = found + 1
            continue
        pieces.append(text[copied:found])
        copied = at = end
    return "".join([*pieces, text[copied:]]) if pieces else text


def _is_of_word(char: str) -> bool:
    return char.isalnum() or char == "_"
