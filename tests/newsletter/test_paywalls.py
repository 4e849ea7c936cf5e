"""What stands behind a paywall is for those who paid: nothing of it is kept."""

import time

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter


def read(text: str, *, name: str = "x.md") -> Issue:
    return read_newsletter(text.encode(), source=name, base_url="https://www.letter.example/p/x")[0]


def keys(issue: Issue) -> list[str]:
    return [link.key for link in issue.links]


CUT = "## Subscribe to X Pro to read the rest.\n\nAlready a paying subscriber? [Sign In](/login)\n\n"
POLL = (
    "||\n|:---|\n|\n### Which loaf?\n\n- [Rye](/login)\n- [Oats](/login)\n\n|\n"
    "|[Login](/login) or [Subscribe](/subscribe) to participate in polls.|\n\n"
)


def test_nothing_behind_the_paywall_of_a_markdown_issue_is_kept() -> None:
    issue = read(
        f"# T\n\n[first](https://a.example/1)\n\n{CUT}- [hidden story](https://b.example/2)\n\n"
        f"## Hidden\n\n![a loaf](https://b.example/loaf.png)\n\n{POLL}"
    )
    assert issue.paywalled
    assert keys(issue) == ["a.example/1"]
    assert issue.images == ()
    assert issue.polls == ()
    assert [section.title for section in issue.sections] == [None]


def test_a_poll_before_the_paywall_stays() -> None:
    issue = read(f"# T\n\n[first](https://a.example/1)\n\n{POLL}{CUT}- [hidden story](https://b.example/2)\n")
    assert [poll.options for poll in issue.polls] == [("Rye", "Oats")]
    assert keys(issue) == ["a.example/1"]


def test_a_torn_poll_after_a_story_to_be_read_elsewhere_stays() -> None:
    torn = (
        "||\n|:---|\n|### Rye or wheat?\n|\\* [Rye](https://c.example/login)\n\n- [Wheat](https://c.example/login)|\n"
        "|[Login](https://c.example/login) or [Subscribe](https://c.example/subscribe) to participate in polls.|\n"
    )
    issue = read(f"# T\n\n[Click here to read the rest](https://a.example/1).\n\n{torn}")
    assert [poll.options for poll in issue.polls] == [("Rye", "Wheat")]
    assert not issue.paywalled


@pytest.mark.parametrize(
    "cut",
    [
        "<h2>Subscribe to Crumbs to read the rest</h2>",
        "<p>This post is for paid subscribers</p>",
        "<p>This post is for subscribers only</p>",
        '<p>Keep reading with a 7-day free trial</p><p>Subscribe to <a href="/subscribe">Crumbs</a></p>',
        '<div class="paywall-jump"></div>',
        '<aside class="gh-post-upgrade-cta"><h2>This post is for paying subscribers only</h2></aside>',
        '<div class="wp-block-jetpack-paywall"><p>Subscribe</p></div>',
        '<div class="wp-block-premium-content-subscriber-view"><p>Loaves <a href="https://b.example/3">in</a></p></div>',
        '<div class="paywall"><p>You have read enough.</p></div>',
        '<div class="box paywall" id="x"><div><p>Loaves <a href="https://b.example/3">inside</a></p></div></div>',
    ],
)
def test_nothing_behind_the_paywall_of_a_page_is_kept(cut: str) -> None:
    issue = read(
        f"<html><body><article><h1>T</h1><p><a href='https://a.example/1'>first</a> story</p>{cut}"
        "<p><a href='https://b.example/2'>hidden story</a> <img src='https://b.example/x.png'></p></article></body></html>",
        name="x.html",
    )
    assert issue.paywalled
    assert keys(issue) == ["a.example/1"]
    assert issue.images == ()


@pytest.mark.parametrize(
    ("selector", "opening"),
    [
        (".for-members", '<section class="for-members">'),
        ("#for-members", '<section id="for-members">'),
        ("article .for-members, .other", '<article><section class="for-members">'),
        (".later, .for-members", '<section class="for-members">'),
    ],
)
def test_a_page_that_names_its_paid_part_is_cut_there(selector: str, opening: str) -> None:
    issue = read(
        "<html><head><title>T</title><script type='application/ld+json'>"
        '{"headline": "T", "isAccessibleForFree": false, "hasPart": {"isAccessibleForFree": false,'
        f' "cssSelector": "{selector}"}}}}</script></head><body><p><a href="https://a.example/1">first</a> story</p>'
        f'{opening}<p><a href="https://b.example/2">hidden</a> story</p></section><p class="later">End</p>',
        name="x.html",
    )
    assert issue.paywalled
    assert keys(issue) == ["a.example/1"]


def test_a_page_that_says_it_is_paid_is_cut_at_its_offer() -> None:
    issue = read(
        "<html><head><title>T</title><script type='application/ld+json'>"
        '{"headline": "T", "isAccessibleForFree": false}</script></head><body><p><a href="https://a.example/1">first'
        "</a> story</p><p>Upgrade to paid to get all of it.</p><p><a href='https://b.example/2'>hidden</a></p>",
        name="x.html",
    )
    assert keys(issue) == ["a.example/1"]


def test_a_selector_that_is_none_does_no_harm() -> None:
    issue = read(
        "<html><head><title>T</title><script type='application/ld+json'>"
        '{"headline": "T", "isAccessibleForFree": false, "hasPart": {"cssSelector": "..x[[, :nope(, .a"}}</script>'
        '<body><p><a href="https://a.example/1">first</a> story</p></body></html>',
        name="x.html",
    )
    assert keys(issue) == ["a.example/1"]


@pytest.mark.parametrize(
    "line",
    [
        "Upgrade to paid to get the stickers, too.",
        "Become a paying member to get access to the archive.",
        "Upgrade to premium to support this letter.",
        "- [A story](https://c.example/3) (subscribe to continue reading)",
    ],
)
def test_an_offer_in_the_middle_of_an_issue_cuts_nothing(line: str) -> None:
    issue = read(f"# T\n\n[first](https://a.example/1)\n\n{line}\n\n- [second](https://b.example/2)\n")
    assert keys(issue)[0] == "a.example/1"
    assert keys(issue)[-1] == "b.example/2"


@pytest.mark.parametrize(
    "line",
    [
        "Become a paid subscriber to read more from us every Friday.",
        "Become a paid member to read this newsletter without ads.",
        "Upgrade to paid to continue supporting independent writing.",
        "Upgrade to premium to keep this newsletter free for everyone.",
        "Upgrade to Premium to unlock voice mode, says a singer.",
        "The rest of this issue is for beginners who want to learn Rust.",
        "Subscribe to keep reading these updates every week.",
        "Subscribe to Crumbs to keep reading this newsletter every week.",
        "Already a paying member? Log in here to join Thursday's call.",
        "Upgrade to read the rest of your life in colour.",
        "This post is for paid subscribers and everyone else.",
        "Substack now shows “This post is for paid subscribers” in the app.",
        'How we grew: "Keep reading with a 7-day free trial" converts best.',
        "Upgrade to paid to read the full story of how we made it, in our book.",
        "This issue is for paid subscribers; today is free.",
        "Upgrade to paid to keep reading my monthly deep dives, too.",
        "Upgrade to paid to read the full story archive.",
        "Upgrade to premium to unlock the full episode archive.",
        "The rest of this issue is for members of the community who are new to Rust.",
        "The rest of this post is for pro photographers and amateurs alike.",
        "The rest of this issue is for premium whisky lovers.",
        "The rest of this issue is for paying attention to the details.",
        "To keep reading, upgrade your reading lamp: here are the five best.",
        "Keep reading with a 7-day free trial of Audible, our sponsor.",
        "I subscribe to The Atlantic to read the rest of their essays.",
        "This post is for paid subscribers and free readers alike.",
        "This issue is for paid members and for everybody who helped.",
        "This issue is for paid subscribers, but it is free for everyone today.",
        "This newsletter is for members only on Tuesdays; today is free.",
        "This newsletter is for subscribers.",
        "To keep reading, subscribe to the newsletter for free.",
        "Already a paid subscriber? Sign in to comment.",
        "Already a paid subscriber? Sign in to unlock comments.",
        "Paid members only: join Thursday's call.",
        "This is a post for people who bake.",
        "This is a letter for paying attention.",
        "To read the rest, subscribe for free.",
        "For paid subscribers we bake on Fridays.",
    ],
)
def test_what_only_speaks_of_paying_cuts_nothing(line: str) -> None:
    issue = read(
        f"# T\n\n{line}\n\n## News\n\n- [first](https://a.example/1)\n- [second](https://b.example/2)\n\n{POLL}"
    )
    assert keys(issue) == ["a.example/1", "b.example/2"]
    assert len(issue.polls) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Upgrade to paid to continue reading",
        "Upgrade to paid to read the rest of this post.",
        "Upgrade to premium to unlock this issue",
        "Upgrade to paid to keep reading this post",
        "Become a paying subscriber to continue reading.",
        "Become a paid member to read this post.",
        "Become a paid subscriber to read the full issue",
        "The rest of this post is only for paid subscribers.",
        "The remainder of this issue is for members.",
        "To continue reading, upgrade your plan.",
        "Upgrade to read the rest.",
        "This post is for subscribers on the Gold tier only",
        "This post is for subscribers on the Premium and VIP tiers only",
        "This post is for subscribers on the Gold, Silver and Platinum tiers only.",
        "This post is for paying subscribers only",
        "This post is for subscribers only. Start a trial to see it.",
        "This post is for paid subscribers. Start your free trial to read.",
        "This post is for paid subscribers. Get 20% off for 1 year",
        "This post is for paid subscribers of Crumbs.",
        "This post is for paid subscribers — please upgrade",
        "This post is for paid subscribers, so consider upgrading.",
        "The rest of this post is for paid subscribers. Get your first week for free!",
        "The rest of this post is for paying members. Upgrade now to try it free for 7 days.",
        "The rest of this issue is for paid subscribers, but you can try it for 7 days for free.",
        "The rest of this issue is for paid readers. Free subscribers get the first half.",
        "Keep reading with a 7-day free trial. Try it for free: subscribe to Crumbs.",
        "Subscribe to All But Bread to read the rest.",
        "Subscribe to Bread for Everyone to read the rest of this issue.",
        "To keep reading, subscribe now.",
        "Become a paid subscriber to read the rest of this post.",
        "Already a paid subscriber? Sign in to your account",
        "Already a paid subscriber? Log in to see the rest",
        "This post is for paid subscribers only. Thanks to all of you for reading.",
        "The rest of this issue is for paid members. The first month is free.",
        "This post is for paying subscribers. It is free to try for 7 days.",
        "The rest of this post is for paid-up members.",
        "The rest of this issue is for members of our paid plan.",
        "The rest of this post is for subscribers to Crumbs Premium.",
        "Continue reading this post for free, courtesy of Ann.",
        "Become a paid subscriber to get access to the rest of this post and other exclusive content.",
        "Subscribe to get access to the rest of this post and other subscriber-only content.",
        "Become a paying subscriber of Crumbs to get access to this post and other subscriber-only content.",
        "This page is for paying subscribers only",
        "The rest of this email is for paid subscribers.",
        "The rest of today's issue is for paid subscribers.",
        "Subscribe now to continue reading",
        "Upgrade to Pro to continue reading",
        "Become a paying member to unlock this post",
        "This post is for founding members",
        "To continue reading, subscribe to Crumbs.",
        "Subscribe to Crumbs to keep reading this post and get 7 days of free access to the full post archives.",
        "Subscribe to continue reading",
        "This episode is for members only.",
        "This article is for subscribers on the Gold tier",
        "Already a paying subscriber? [Sign In](/login)",
        "Already a paid member? Log in to continue.",
        "Already a paid subscriber? Sign in to unlock the rest",
        "## Upgrade to a paid subscription to read the rest of this post",
        "## To read the rest of this post, become a paid subscriber",
        "## This is a post for paying members",
        "This is an issue for premium members.",
        "## Paid members only below this line",
        "## 🔒 For paid subscribers",
        "You have reached the end of the free preview. Upgrade to continue",
        "<!--members-only-->",
        "<!-- members-only -->",
    ],
)
def test_what_says_that_the_rest_is_paid_for_cuts(line: str) -> None:
    issue = read(f"# T\n\n[first](https://a.example/1)\n\n{line}\n\n- [hidden](https://b.example/2)\n")
    assert keys(issue) == ["a.example/1"]
    assert issue.paywalled


GATED = '<!--kg-gated-block:begin nonMember:{} memberSegment:"{}" -->'


@pytest.mark.parametrize("end", ["<!--kg-gated-block:end-->", ""])
def test_a_card_for_those_who_pay_is_left_out(end: str) -> None:
    issue = read(
        f"<h1>T</h1><p><a href='https://a.example/1'>first</a></p>{GATED.format('false', 'status:-free')}"
        f"<p><a href='https://b.example/2'>hidden</a></p>{end}<p><a href='https://c.example/3'>last</a></p>",
        name="x.html",
    )
    assert issue.paywalled
    assert keys(issue) == (["a.example/1", "c.example/3"] if end else ["a.example/1"])


@pytest.mark.parametrize(("outsiders", "segment"), [("true", "status:-free"), ("true", ""), ("false", "status:free")])
def test_a_card_for_others_than_those_who_pay_stays(outsiders: str, segment: str) -> None:
    issue = read(
        f"<h1>T</h1>{GATED.format(outsiders, segment)}<p><a href='https://a.example/1'>first</a></p>"
        "<!--kg-gated-block:end-->",
        name="x.html",
    )
    assert not issue.paywalled
    assert keys(issue) == ["a.example/1"]


@pytest.mark.parametrize("begin", [GATED.format("false", "status:-free"), "<!--kg-gated-block:begin"])
def test_cards_without_an_end_are_read_in_time(begin: str) -> None:
    began = time.process_time()
    read("<h1>T</h1>" + begin * 40_000, name="x.html")
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    "body",
    [
        "## For paid subscribers\n\n[one](https://a.example/1)\n\n## Elsewhere\n\n[two](https://b.example/2)",
        "- Paid members only\n- [one](https://a.example/1)\n- [two](https://b.example/2)",
        "Ghost cuts at `<!--members-only-->`.\n\n[one](https://a.example/1)\n\n[two](https://b.example/2)",
    ],
)
def test_what_only_speaks_of_those_who_pay_cuts_nothing(body: str) -> None:
    issue = read(f"# T\n\n{body}\n")
    assert (keys(issue), issue.paywalled) == (["a.example/1", "b.example/2"], False)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("# T\n\n[hidden](https://b.example/2)\n\n" + POLL, []),
        ("[first](https://a.example/1)\n\n<!--members-only-->\n\n[hidden](https://b.example/2)", ["a.example/1"]),
        (f"[first](https://a.example/1)\n\n{CUT}[hidden](https://b.example/2)", ["a.example/1"]),
    ],
)
@pytest.mark.parametrize("visibility", ["paid", "tiers"])
def test_a_file_that_says_it_is_paid_for_gives_its_public_part(visibility: str, body: str, kept: list[str]) -> None:
    issue = read(f"---\ntitle: T\nvisibility: {visibility}\n---\n{body}\n")
    assert (issue.title, issue.paywalled, keys(issue), issue.polls) == ("T", True, kept, ())


def test_a_file_for_everybody_is_read_whole() -> None:
    issue = read("---\nvisibility: public\n---\n# T\n\n[first](https://a.example/1)\n")
    assert (issue.paywalled, keys(issue)) == (False, ["a.example/1"])


@pytest.mark.parametrize(("before", "after"), [("", '<div class="paywall">Pay</div>'), ('<p class="paywall">', "")])
def test_a_paywall_beside_the_text_of_a_page(before: str, after: str) -> None:
    issue = read(
        f"<html><head><title>T</title></head><body><div>{before}<div class='available-content'><p>{'Rye. ' * 60}"
        f"<a href='https://a.example/1'>first</a></p></div>{after}</div></body></html>",
        name="x.html",
    )
    assert issue.paywalled is bool(after)
    assert keys(issue) == ["a.example/1"]


@pytest.mark.parametrize("comment", ["<!--members-only-->", "<!-- members-only -->"])
@pytest.mark.parametrize("name", ["x.html", "x.xml"])
def test_ghost_s_divider_in_what_is_public_ends_nothing(comment: str, name: str) -> None:
    body = f"<p><a href='https://a.example/1'>one</a></p>{comment}<p><a href='https://b.example/2'>two</a></p>"
    feed = f"<rss version='2.0'><channel><title>W</title><item><title>T</title><description><![CDATA[{body}]]>"
    text = f"<h1>T</h1>{body}" if name == "x.html" else f"{feed}</description></item></channel></rss>"
    issue = read(text, name=name)
    assert (keys(issue), issue.paywalled) == (["a.example/1", "b.example/2"], False)
