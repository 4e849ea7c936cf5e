"""What somebody paid for is marked, and nothing else."""

import pytest

from bot.model.issue import Issue, Link
from bot.newsletter import read_newsletter

AD = "https://acme.example/1"
NEWS = "https://news.example/1"


def read(text: str, *, name: str = "x.html") -> Issue:
    return read_newsletter(text.encode(), source=name)[0]


def sponsored(issue: Issue) -> dict[str, bool]:
    return {link.url: link.sponsored for link in issue.links}


def section_of(issue: Issue, url: str) -> str | None:
    links: dict[str, Link] = {link.url: link for link in issue.links}
    return links[url].section


@pytest.mark.parametrize(
    "line",
    [
        "Sponsor: try {}.",
        "SPONSOR | {} ships",
        "Sponsored — {} ships",
        "💎 Sponsored by Acme: {}",
        "Today's sponsor: {}, which bakes",
        "Our sponsor {} bakes for you",
        "Paid promotion: {}",
        "Thanks to {} for sponsoring this letter.",
        "Many thanks to {} for sponsoring us!",
        "This issue is brought to you by {}, which bakes while you sleep, and which has more than one oven.",
        "Brought to you by {}!",
        "Ovens by {} #ad",
        "{} bakes (sponsor)",
    ],
)
def test_a_paragraph_that_says_it_is_paid_for(line: str) -> None:
    words = line.format(f"<a href='{AD}'>Acme</a>")
    issue = read(f"<h1>T</h1><h2>News</h2><p>{words}</p><p>And <a href='{NEWS}'>a mill opens</a> in Leeds.</p>")
    assert sponsored(issue)[AD]


@pytest.mark.parametrize(
    "line",
    [
        "Our sponsors page tells who pays, and {} does not.",
        "Sponsorship is dead, says {}",
        "Thanks to {} for the bread.",
        "The city that {} brought to you by train",
        "{} sells #adventures",
        "Sponsor a loaf at {}",
    ],
)
def test_a_paragraph_about_other_things(line: str) -> None:
    issue = read(f"<h1>T</h1><h2>News</h2><p>{line.format(f'<a href={NEWS}>a mill</a>')}</p>")
    assert not sponsored(issue)[NEWS]


@pytest.mark.parametrize("rel", ["sponsored", "noopener sponsored nofollow"])
def test_a_link_that_says_it_is_paid_for(rel: str) -> None:
    issue = read(f"<p><a rel='{rel}' href='{AD}'>Acme oven</a> and <a href='{NEWS}?sponsored'>a mill</a></p>")
    assert sponsored(issue) == {AD: True, f"{NEWS}?sponsored": False}


@pytest.mark.parametrize(
    "heading",
    ["In partnership with Acme", "Presented by Acme", "Sponsored Link", "A word from our sponsor", "Our sponsors",
     "Sponsor: Acme", "Thank you to our main sponsor", "This week's sponsor", "Sponsors"],
)  # fmt: skip
def test_a_heading_that_says_it_is_paid_for(heading: str) -> None:
    issue = read(
        f"<h1>T</h1><p>Hello.</p><h2>{heading}</h2><h3><a href='{AD}'>Acme SDK</a></h3><p>It bakes.</p>"
        f"<h2>News</h2><p><a href='{NEWS}'>A mill opens</a></p>"
    )
    assert sponsored(issue) == {AD: True, NEWS: False}
    assert section_of(issue, AD) == heading


def test_a_headline_one_level_deeper_belongs_to_the_advertisement() -> None:
    issue = read(
        f"# T\n\nHello.\n\n## A word from our sponsor\n\n### Acme ships\n\n[Try it]({AD})\n\n## News"
        f"\n\n[A mill]({NEWS})\n",
        name="x.md",
    )
    assert sponsored(issue) == {AD: True, NEWS: False}


@pytest.mark.parametrize(
    "heading",
    ["GitHub Sponsors hits $50M", "State-sponsored hackers bake", "Sponsorship is dead", "FIFA loses sponsors"],
)
def test_news_about_sponsors_is_news(heading: str) -> None:
    assert not sponsored(read(f"<h1>T</h1><p>Hello.</p><h2>{heading}</h2><p><a href='{NEWS}'>A mill</a></p>"))[NEWS]


@pytest.mark.parametrize("before", ["", "<p><b>Intro</b></p><p>Hello.</p>"])
@pytest.mark.parametrize("headline", ["", "<p><b>Need flour?</b></p>"])
def test_an_advertisement_ends_with_the_next_bold_line(before: str, headline: str) -> None:
    issue = read(
        f"<h1>T</h1><p>Hello.</p>{before}<p>Sponsored by Acme</p>{headline}<p>Try <a href='{AD}'>Acme</a>.</p>"
        f"<p><b>News</b></p><p><a href='{NEWS}'>A mill opens</a></p>"
    )
    assert sponsored(issue) == {AD: True, NEWS: False}
    assert section_of(issue, NEWS) == "News"


def test_an_advertisement_before_any_section_ends_with_a_rule() -> None:
    issue = read(
        f"<h1>T</h1><p>Hi.</p><p>Sponsored by Acme</p><p><a href='{AD}'>Acme</a></p><hr><p><a href='{NEWS}'>A mill</a>"
    )
    assert sponsored(issue) == {AD: True, NEWS: False}
    assert section_of(issue, NEWS) is None


@pytest.mark.parametrize("label", ["## Sponsor", "## Together with Acme"])
def test_sections_below_a_label_are_the_newsletters_own(label: str) -> None:
    text = (
        f"# T\n\n{label}\n\n[Acme bakes](https://acme.example/)\n\n### News\n\n[A singing loaf](https://a.example/1)"
        "\n\n### Tools\n\n[A dancing bun](https://b.example/2)\n"
    )
    links = read_newsletter(text.encode(), source="x.md")[0].links
    assert [(link.key, link.section, link.sponsored) for link in links[1:]] == [
        ("a.example/1", "News", False),
        ("b.example/2", "Tools", False),
    ]


@pytest.mark.parametrize("words", ["Sponsor-a-developer launches today:", "This trends with #ad on every network:"])
def test_what_only_speaks_of_sponsors_is_no_advertisement(words: str) -> None:
    text = f"# T\n\n{words} [A singing loaf](https://a.example/1)\n"
    assert not read_newsletter(text.encode(), source="x.md")[0].links[0].sponsored
