"""Markdown issues: documents of our own in the shapes that real ones have, damage included."""

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter

OWN = "https://www.crumbs.example"


def read(text: str) -> Issue:
    issues = read_newsletter(text.encode(), source="issue.md")
    assert len(issues) == 1
    return issues[0]


def titles(issue: Issue) -> list[str]:
    return [link.title for link in issue.links]


def test_head_of_an_issue() -> None:
    issue = read(
        "# Bread that listens\n\n### 🥖 A singing baguette 🧈 Butter by wire 🍞 Ten loaves you should know\n\n"
        "![Author](https://media.example/profile_picture/me.jpg)\n\n"
        "[Ada Baker](https://www.twitter.com/adabaker)\\\nMarch 07, 2023\n\nGood morning!\n"
    )
    assert issue.title == "Bread that listens"
    assert issue.subtitle == "🥖 A singing baguette 🧈 Butter by wire 🍞 Ten loaves you should know"
    assert issue.topics == ("A singing baguette", "Butter by wire", "Ten loaves you should know")
    assert issue.authors == ("Ada Baker",)
    assert issue.published_at is not None
    assert issue.published_at.isoformat() == "2023-03-07T00:00:00+00:00"
    assert issue.images == ()
    assert issue.links == ()


def test_topics_come_from_their_own_block_first() -> None:
    issue = read(
        "# One\n\n### An oven, a mill and more\n\n**Prompt**: List the topics in today’s email:\n\n"
        "🍞 An oven that waits\\\n🌾 A mill on the moon🧂 Salt in space\n\n## **🥐 NEWS**\n\ntext\n"
    )
    assert issue.topics == ("An oven that waits", "A mill on the moon", "Salt in space")
    assert [section.title for section in issue.sections] == ["🥐 NEWS"]


def test_topics_behind_plus() -> None:
    assert read("# One\n\n### PLUS: mills, mops and a quiet oven.\n\ntext").topics == ("mills", "mops", "a quiet oven")
    assert read("# One\n\n### PLUS: bread and butter go public\n\ntext").topics == ("bread and butter go public",)


def test_generic_anchor_takes_its_title_from_the_list_item() -> None:
    issue = read(
        "# One\n\n### 🛠️ Tools\n\n- Crumbler - **sweeps crumbs** for you. ([link](https://a.example/1))\n"
        "- Doughnut -**round**bread. ([link](https://a.example/2)) Now with jam. ([link](https://a.example/3))\n"
        "- Yeast lives. ([paper](https://a.example/4), [demo](https://a.example/5))\n"
        "- A rye story ([link](https://a.example/6)) (no paywall [here](https://a.example/7))\n"
    )
    assert titles(issue) == [
        "Crumbler - sweeps crumbs for you",
        "Doughnut - round bread",
        "Now with jam",
        "Yeast lives",
        "Yeast lives (demo)",
        "A rye story",
        "A rye story (no paywall)",
    ]
    assert {link.section for link in issue.links} == {"🛠️ Tools"}
    assert issue.links[0].text == "link"


def test_generic_anchor_in_prose_takes_its_sentence() -> None:
    issue = read(
        "# One\n\nFlour is up again this week. You can read the full report [here](https://a.example/1). Bye.\n"
    )
    assert titles(issue) == ["You can read the full report"]
    assert issue.links[0].excerpt == "You can read the full report here."


def test_fragments_of_one_link_are_one_link() -> None:
    issue = read(
        "# One\n\n[The](https://a.example/1?utm_source=x)**[bread](https://a.example/1)**[,"
        " explained](https://a.example/1)"
        " and [another](https://a.example/2)\n"
    )
    assert titles(issue) == ["The bread, explained", "another"]


def test_literal_stars_and_lost_spaces_are_mended() -> None:
    issue = read(
        "# One\n\n- Read\\*\\*[the long one](https://a.example/1)\\*\\*today.\n-"
        " [Loaf](https://a.example/2)-**bread**for all\n"
    )
    assert titles(issue) == ["the long one", "Loaf"]
    assert issue.links[0].excerpt == "Read the long one today."
    assert issue.links[1].excerpt == "Loaf - bread for all"


def test_escaped_ampersand_belongs_to_the_address() -> None:
    issue = read("# One\n\n[loaf](https://a.example/?id=1\\&utm_source=crumbs\\&page=2)\n")
    assert issue.links[0].url == "https://a.example/?id=1&page=2"


def test_exclamation_before_a_link_makes_no_picture() -> None:
    issue = read(
        "# One\n\nThe oven is out![Get it now](https://a.example/oven) today!\n\n![loaf](https://a.example/loaf.png)\n"
    )
    assert titles(issue) == ["Get it now"]
    assert [image.alt for image in issue.images] == ["loaf"]


def test_numbers_name_no_section_but_bold_questions_do() -> None:
    issue = read(
        "# One\n\n##### <mark>**Our picks**</mark>\n\n**1/**\n\n[first](https://a.example/1)\n\n#### 2/\n\n"
        "[second](https://a.example/2)\n\n**Why should I care?**\n\n[third](https://a.example/3)\n"
    )
    assert [(link.title, link.section) for link in issue.links] == [
        ("first", "Our picks"),
        ("second", "Our picks"),
        ("third", "Why should I care?"),
    ]


def test_tagline_is_no_section_and_heading_without_marks_is_one() -> None:
    issue = read(
        "# One\n\n🥨Our Picks\n\n###### If you've only got 2 minutes\n\n[first](https://a.example/1)\n\n"
        "### 📰 Unclassifieds\n\n###### Short, sponsored links\n\n- [second](https://a.example/2)\n"
    )
    assert [section.title for section in issue.sections] == ["🥨Our Picks", "📰 Unclassifieds"]
    assert [link.sponsored for link in issue.links] == [False, True]


def test_advertisement_ends_with_the_next_heading_or_number() -> None:
    issue = read(
        "# One\n\n###### **PICKS**\n\n**1/**\n\n[first](https://a.example/1)\n\nfrom our sponsor\n\n**Need flour?**\n\n"
        "[Get flour](https://flour.example/?utm_source=crumbs)\n\n**2/**\n\n[second](https://a.example/2)\n\n"
        "###### **NEWS**\n\n- [third](https://a.example/3)\n- A mill (Sponsor) [Fourth](https://a.example/4)\n"
        "- [fifth](https://a.example/5)\\*\n\n\\*affiliate link\n"
    )
    assert [(link.title, link.section, link.sponsored) for link in issue.links] == [
        ("first", "PICKS", False),
        ("Get flour", "from our sponsor", True),
        ("second", "PICKS", False),
        ("third", "NEWS", False),
        ("Fourth", "NEWS", True),
        ("fifth", "NEWS", True),
    ]


def test_furniture_is_no_content() -> None:
    issue = read(
        f"# One\n\n[Subscribe]({OWN}/subscribe)|[Advertise](https://sponsor.crumbs.example/)|"
        "[Community](https://discord.gg/abc)|[Mail](mailto:a@b.example)\n\n"
        f"Refer a friend [using this link]({OWN}/subscribe?ref=PLACEHOLDER) or"
        f" [share](https://twitter.com/intent/tweet?text=x)"
        f"\n\n[Our summary]({OWN}/p/loaf) of [a loaf](https://a.example/loaf?utm_source=crumbs)."
        " [Top](https://magic.beehiiv.com/v1/x?email={{email}})\n\n"
        "Want to reach 9,000 bakers? [Work with us](https://ads.example/crumbs)\n"
    )
    assert [link.key for link in issue.links] == ["a.example/loaf"]


def test_own_name_is_learnt_from_what_it_stamps_on_links() -> None:
    issue = read(
        "# One\n\n[a](https://a.example/loaf-one?utm_source=crumbs) [b](https://b.example/loaf-two?utm_source=crumbs)"
        " [story](https://crumbs.beehiiv.com/p/story)\n"
    )
    assert [link.key for link in issue.links] == ["a.example/loaf-one", "b.example/loaf-two"]


def test_torn_poll_is_put_together() -> None:
    issue = read(
        "# One\n\n## How did we do?\n\n||\n|:---|\n|### How was the bread?|\n|\\* [Warm](https://c.example/login)\n\n"
        "- [Cold](https://c.example/login)\n- [Stale, toast \\& tears 🥹](https://c.example/login)|\n"
        "  |[Login](https://c.example/login) or [Subscribe](https://c.example/subscribe) to participate in polls.|\n\n"
        "||\n|:---|\n|### Rye or\\\nwheat?|\n|[Rye](https://c.example/login)|[Wheat](https://c.example/login)|\n"
        "|[Login](https://c.example/login) or [Subscribe](https://c.example/subscribe) to participate in"
        " polls.|\n\nBye.\n"
    )
    assert [(poll.question, poll.options) for poll in issue.polls] == [
        ("How was the bread?", ("Warm", "Cold", "Stale, toast & tears 🥹")),
        ("Rye or wheat?", ("Rye", "Wheat")),
    ]
    assert issue.links == ()
    assert [section.title for section in issue.sections] == ["How did we do?"]


def test_paywall_is_told_by_the_text() -> None:
    issue = read(
        f"# One\n\nA free beginning.\n\n## Subscribe to Crumbs Pro to read the rest.\n\nBecome a paying subscriber.\n\n"
        f"Already a paying subscriber? [Sign In]({OWN}/login).\n"
    )
    assert issue.paywalled
    assert issue.links == ()
    assert not read("# One\n\nThe rest is history.\n").paywalled


def test_pictures_of_the_day_have_captions_and_name_their_links() -> None:
    issue = read(
        "# One\n\n## **🖼 PICTURES OF THE DAY**\n\nA loaf in a suit\n\n![](https://a.example/1.png)\n\n"
        "<https://www.reddit.com/r/bread/comments/1/loaf_in_a_suit/>\n\n![](https://a.example/2.png)\n\n"
        "<small>A roll at sea</small>\n\n![](https://a.example/3.png)\n\n[Toast on the moon](https://b.example/toast)\n"
    )
    assert [image.caption for image in issue.images] == ["A loaf in a suit", "A roll at sea", "Toast on the moon"]
    assert titles(issue) == ["A loaf in a suit", "Toast on the moon"]


def test_invisible_characters_are_gone_and_family_emoji_stay_whole() -> None:
    issue = read("# Br\u00adea\u200bd \u202eand 👩\u200d🍳\n\n[lo\u200baf\ufeff](https://a.example/1)\n")
    assert issue.title == "Bread and 👩\u200d🍳"
    assert issue.links[0].text == "loaf"


def test_text_misread_as_mac_roman_is_put_right_line_by_line() -> None:
    broken = "It’s 🥖 time".encode().decode("mac_roman")
    issue = read(f"# {broken}\n\nA naïve façade stays as it is.\n")
    assert issue.title == "It’s 🥖 time"


def test_untitled_text_is_named_by_its_first_words() -> None:
    assert read("The oven is warm today. Come in.\n\nMore.").title == "The oven is warm today."


def test_a_section_right_after_the_title_is_no_subtitle() -> None:
    issue = read("# One\n\n### 🥖 Our Picks\n\nToday is [a loaf](https://a.example/1)\n")
    assert issue.subtitle is None
    assert issue.links[0].section == "🥖 Our Picks"


def test_a_date_within_a_sentence_is_not_the_issues() -> None:
    issue = read("# One\n\nThe oven opens on May 03, 2024 in [Leeds](https://a.example/1).\n")
    assert issue.published_at is None
    assert issue.authors == ()
    assert len(issue.links) == 1


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("A bare one: https://bare.example/thing?a=1. That is it.", {"https://bare.example/thing?a=1"}),
        ("See (https://bare.example/a) and `https://code.example/x`.", {"https://bare.example/a"}),
        ("[see https://named.example/a there](https://named.example/b)", {"https://named.example/b"}),
        ("[https://named.example/a](https://named.example/a)", {"https://named.example/a"}),
        ("<https://angle.example/a>", {"https://angle.example/a"}),
        ('<a href="https://tag.example/a">it</a>', {"https://tag.example/a"}),
        ("*https://star.example/a*", {"https://star.example/a"}),
        ("**https://star.example/a_b_c**, and more", {"https://star.example/a_b_c"}),
        ("(see https://wiki.example/Ink_(paint))", {"https://wiki.example/Ink_(paint)"}),
        ("https://wiki.example/Ink_(paint", set()),
        ("https://long.example/" + "a" * 2500, set()),
        ("`code https://code.example/a`", set()),
        (f"[{'a word ' * 60} https://named.example/a](https://named.example/b)", {"https://named.example/b"}),
    ],
)
def test_an_address_in_the_text_is_a_link_and_nothing_else_becomes_one(text: str, links: set[str]) -> None:
    [issue] = read_newsletter(f"# A letter\n\n{text}\n".encode(), source="a.md")
    assert {link.url for link in issue.links} == links


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("1. A [video](https://a.example/) of somebody digging a trench.", "A video of somebody digging a trench"),
        ("- The [demo](https://a.example/) runs on a kettle", "The demo runs on a kettle"),
        (
            "The gardeners [have opened](https://a.example/) the house again.",
            "The gardeners have opened the house again",
        ),
        ("- [n8n](https://a.example/) - connects everything", "n8n"),
        ("Get it at [soil.example/free](https://a.example/) today.", "soil.example/free"),
        ("- [Garlic goes in](https://b.example/). Read more [here](https://a.example/).", "Garlic goes in"),
    ],
)
def test_a_generic_anchor_is_named_by_what_it_is_about(text: str, title: str) -> None:
    [issue] = read_newsletter(f"# A letter\n\n{text}\n".encode(), source="a.md")
    assert [link.title for link in issue.links if link.url == "https://a.example/"] == [title]


def test_pages_of_the_publication_itself_are_no_content_but_known_as_mentioned() -> None:
    text = (
        "# Digest\n\n- [A kite](https://kites.example/1) - flies ([our summary](https://news.example/p/a-kite))\n"
        "- [Subscribe](https://news.example/subscribe)\n- [This one](https://news.example/p/digest)\n"
    )
    [issue] = read_newsletter(text.encode(), source="digest.md", base_url="https://news.example/p/digest")
    assert [link.key for link in issue.links] == ["kites.example/1"]
    assert issue.mentions == ("news.example/p/a-kite", "news.example/subscribe")


def test_what_looks_like_a_footnote_in_code_is_none() -> None:
    issue = read_newsletter(b"# T\n\n[A rule](https://a.example/1) is `[^abc]` at last.\n", source="x.md")[0]
    assert "[^abc]" in issue.links[0].excerpt
