"""What is a newsletter's own furniture, and what only looks like it."""

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter


def read(text: str) -> Issue:
    return read_newsletter(text.encode(), source="x.md", base_url="https://www.letter.example/p/x")[0]


def keys(text: str) -> list[str]:
    return [link.key for link in read(text).links]


def test_an_offer_with_a_merge_field_does_not_take_its_site_for_the_newsletters_own() -> None:
    text = (
        "# T\n\n## N\n\n[Try](https://www.nytimes.com/offer?email={{email}}) and "
        "[Big story](https://www.nytimes.com/2024/big)"
    )
    assert keys(text) == ["nytimes.com/2024/big"]


@pytest.mark.parametrize("path", ["subscribe?ref=PLACEHOLDER", "?ref=PLACEHOLDER", "referral?x={{code}}"])
def test_a_referral_still_gives_the_newsletters_own_site_away(path: str) -> None:
    text = f"# T\n\n## N\n\n[Share](https://crumbs.example/{path}) and [us](https://crumbs.example/about)"
    assert keys(text) == []
