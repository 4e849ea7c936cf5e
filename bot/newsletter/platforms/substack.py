"""Substack: subscribe widgets, share buttons and embeds' controls between the paragraphs."""

import re

MARKS = ("subscription-widget", "subscribe-widget", "button-wrap", "pencraft", "footnote-anchor", "post-ufi", "paywall")
UNWANTED = (
    ".subscription-widget-wrap-editor,.subscription-widget-wrap,.subscription-widget,.subscribe-widget"
    ",p.button-wrapper,.captioned-button-wrap,.pencraft button,.image-link-expand,.footnote-anchor,.post-ufi"
    ",.post-footer,.paywall,.community-chat,.install-substack-app-embed"
)

_CUT = re.compile(r"<a [^>]{0,500}>\s*Read more\s*</a>\s*(?:</p>\s*)?(?:</div>\s*)*\Z", re.IGNORECASE)


def is_cut(body: str) -> bool:
    """A paid post's feed body breaks off and ends in "Read more"."""
    return _CUT.search(body[-1_500:]) is not None
