"""Substack: subscribe widgets and embeds' controls between the paragraphs, and embeds that keep their links inside."""

import html
import json
import re

MARKS = (
    "subscription-widget",
    "subscribe-widget",
    "button-wrap",
    "pencraft",
    "footnote-anchor",
    "post-ufi",
    "paywall",
    "embedded-post",
)
UNWANTED = (
    ".subscription-widget-wrap-editor,.subscription-widget-wrap,.subscription-widget,.subscribe-widget"
    ",.captioned-button-wrap,.pencraft button,.image-link-expand,.footnote-anchor,.post-ufi"
    ",.post-footer,.paywall,.community-chat,.install-substack-app-embed"
    ",.embedded-post-header,.embedded-post-body,.embedded-post-cta-wrapper,.embedded-post-meta"
)

_CUT = re.compile(r"<a [^>]{0,500}>\s*Read more\s*</a>\s*(?:</p>\s*)?(?:</div>\s*)*\Z", re.IGNORECASE)
_EMBED = re.compile(
    r"<div\b(?=[^>]{0,300}\bclass=\"(twitter-embed|youtube-wrap)\")[^>]{0,300}\bdata-attrs=\"([^\">]{1,20000})\"[^>]{0,300}>"
)


def with_links_of_embeds(source: str) -> str:
    """The document with a link before each embedded post or video: what the embed shows is in its attribute alone."""
    if "twitter-embed" not in source and "youtube-wrap" not in source:
        return source
    return _EMBED.sub(lambda found: _link_of(found[1], found[2]) + found[0], source)


def _link_of(kind: str, attributes: str) -> str:
    try:
        said = json.loads(html.unescape(attributes))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    url, words = said.get("url"), said.get("full_text")
    if kind == "youtube-wrap":
        url, words = f"https://www.youtube.com/watch?v={said.get('videoId')}", "Video on YouTube"
    if not isinstance(url, str):
        return ""
    shown = words if isinstance(words, str) and words.strip() else url
    return f'<p><a href="{html.escape(url)}">{html.escape(shown)}</a></p>'


def is_cut(body: str) -> bool:
    """A paid post's feed body breaks off and ends in "Read more"."""
    return _CUT.search(body[-1_500:]) is not None
