"""What is a newsletter's own furniture, and what only looks like it."""

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter
from bot.newsletter.addresses.chrome import Own, is_action, is_chrome


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


INVITES = [
    "discord.gg/abc",
    "discord.com/invite/abc",
    "canary.discord.com/invite/abc",
    "ptb.discord.com/invite/abc",
    "discord.com/Invite/abc",
    "discord.com//invite/abc",
    "discordapp.com/invite/abc",
    "dsc.gg/abc",
    "discord.io/abc",
    "discord.link/abc",
    "invite.gg/abc",
    "disboard.org/server/join/123",
    "www.discord.gg/abc",
]


@pytest.mark.parametrize("invite", INVITES)
def test_an_invitation_is_no_content_and_stands_in_no_text(invite: str) -> None:
    issue = read(
        f"# T\n\n## N\n\n- [Come in](https://{invite}) here\n- [A loaf](https://b.example/2) told on {invite} now\n"
        f"- Bread https://{invite} ([link](https://b.example/3))\n"
    )
    assert [link.key for link in issue.links] == ["b.example/2", "b.example/3"]
    assert invite.lower() not in repr(issue.links).lower()
    assert all(link.title for link in issue.links)


def test_other_pages_of_discord_are_content() -> None:
    assert keys("# T\n\n## N\n\n[News](https://discord.com/blog/invite-only) today") == ["discord.com/blog/invite-only"]


@pytest.mark.parametrize(
    "field",
    [
        "%%email%%",
        "[EMAIL]",
        "{$email}",
        "[Email]",
        "[emailaddress]",
        "{uid}",
        "{unsubscribe}",
        "[[data:email]]",
        "[subscriber:email]",
        "[[email]]",
        "%5B%5Bemail%5D%5D",
        "<%=email%>",
        "${email}",
        "{email}",
        "%recipient.email%",
        "{{ subscriber.email }}",
        "{{email}}",
        "*|EMAIL|*",
    ],
)
@pytest.mark.parametrize("name", ["email", "x"])
def test_a_link_with_an_unfilled_field_is_no_content(name: str, field: str) -> None:
    issue = read(f"# T\n\n## N\n\nA [loaf](https://b.example/2) and [you](https://c.example/3?{name}={field}) there.\n")
    assert [link.key for link in issue.links] == ["b.example/2"]
    assert "](" not in issue.links[0].excerpt
    page = f"<h1>T</h1><p>A <a href='https://b.example/2'>loaf</a> <a href='https://c.example/3?{name}={field}'>you</a></p>"
    (issue,) = read_newsletter(page.encode(), source="x.html")
    assert [link.key for link in issue.links] == ["b.example/2"]


@pytest.mark.parametrize(
    "address",
    [
        "foo.example/subscribe?freeSignupEmail=a",
        "foo.example/subscribe?email=a%40b.example",
        "foo.example/polls/vote?x",
        "foo.us1.list-manage.com/profile?u=1&id=2",
        "us1.forward-to-friend.com/forward?u=1",
        "foo.example/optout",
        "foo.example/email-preferences-center",
        "foo.example/unsub/[UNIQUEID]",
        "foo.example/mail/opt-out?x=1",
        "foo.substack.com/p/x/comments",
        "threads.com/intent/post?text=x",
        "www.threads.com/intent/post?text=x",
        "mastodonshare.com/?text=x",
        "vk.com/share.php?url=x",
        "buffer.com/add?url=x",
        "share.flipboard.com/bookmarklet/popout?url=x",
        "blog.example/#/feedback/64a/1/?uuid=94f5c722-b33f-4dd6-959b-429b6b093a82&key=0f0f",
        "foo.example/u/jane%40gmail.com/x",
        "foo.example/u/jane@gmail.com",
        "foo.example/verify/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "medium.com/media/0f1e2d3c/href",
        "us1.campaign-archive.com/home/?u=1&id=3",
        "refer.tldr.tech/abc123/2",
        "hub.sparklp.co/sub_abc/2",
        "mag.example/subscribe?ref=AbC123",
        "mailchimp.com/email-referral/?aid=1",
        "ghost.org/privacy",
        "substack.com/tos",
        "mailerlite.com/legal/terms-of-service",
    ],
)
def test_what_acts_or_shares_is_no_content(address: str) -> None:
    assert keys(f"# T\n\n## N\n\n[A story](https://{address}) and [a loaf](https://b.example/2)") == ["b.example/2"]


@pytest.mark.parametrize(
    "address",
    [
        "foo.example/optin",
        "foo.example/opt-outdoors",
        "foo.substack.com/p/x",
        "vk.com/a",
        "mail.python.org/archives/list/python-dev%40python.org/thread/ABC",
        "lore.kernel.org/git/20240131093015.abc%40mail.example.org/T",
        "social.example/@jane@gmail.example/1",
        "cdn.example/npm/vue@next.js",
    ],
)
def test_what_only_looks_like_an_action_is_content(address: str) -> None:
    assert keys(f"# T\n\n## N\n\n[A story](https://{address})") == [address]


@pytest.mark.parametrize(
    "key",
    ["a.example/polls/vote-2024", "a.example/blog/opt-out-of-everything", "a.example/optouts", "a.example/poll/voters"],
)
def test_pages_about_votes_and_opting_out_are_content(key: str) -> None:
    assert not is_action(key)
    assert not is_chrome(key, "A page", Own())


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/vercel/next.js/tree/canary/blog/app/[locale]/page.tsx",
        "https://github.com/vercel/next.js/tree/canary/pages/%5Bslug%5D.js",
        "https://github.com/vercel/next.js/tree/canary/pages/[ID]/index.js",
        "https://stackoverflow.com/search?q=%3C%2Fdiv%3E",
        "https://search.example/find?q=x+%3C%3D+y",
        "https://docs.example/api?id={id}",
        "https://wiki.example/wiki/[[Link]]",
        "https://a.example/manage-subscription-economy",
        "https://github.com/vercel/next.js/tree/canary/app/[[...username]]/page.tsx",
        "https://a.example/blog/update-preferences-in-rust",
    ],
)
def test_brackets_that_no_sender_fills_in_are_content(address: str) -> None:
    [issue] = read_newsletter(f"# T\n\n- [A page]({address}) - worth it\n".encode(), source="x.md")
    assert len(issue.links) == 1


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("https://javascriptweekly.com/", "https://javascriptweekly.com/link/101/rss"),
        ("https://iosdevweekly.com/issues/1", "https://iosdevweekly.com/link/123/web"),
        ("https://letter.example/p/x", "https://letter.example/r/1a2b3c4d"),
    ],
)
def test_what_a_newsletter_tracks_under_its_own_host_is_content(site: str, address: str) -> None:
    text = f"# T\n\n## N\n\n- [A story]({address}) told\n- [About]({site}about)\n- [Unsubscribe]({address})\n"
    [issue] = read_newsletter(text.encode(), source="x.md", base_url=site)
    assert [link.url for link in issue.links] == [address]


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("https://us1.campaign-archive.com/?u=1&id=2", "https://foo.us1.list-manage.com/track/click?u=1&id=3"),
        ("https://buttondown.com/me", "https://buttondown.com/other/archive/x"),
        ("https://mailchi.mp/1a2b/x", "https://mailchi.mp/3c4d/y"),
        ("https://www.getrevue.co/profile/me", "https://www.getrevue.co/profile/other/issues/x"),
        ("https://note.com/me", "https://note.com/other/n/x"),
        ("https://medium.com/@me", "https://medium.com/@other/x-1a"),
        ("https://dev.to/me", "https://dev.to/other/x"),
        ("https://world.hey.com/me", "https://world.hey.com/other/x-1a"),
        ("https://www.patreon.com/me", "https://www.patreon.com/other"),
        ("https://ko-fi.com/me", "https://ko-fi.com/other"),
        ("https://github.com/me/letter", "https://github.com/me/tool"),
        ("https://codeberg.org/me/letter", "https://codeberg.org/other/letter"),
        ("https://www.linkedin.com/newsletters/me-12", "https://www.linkedin.com/newsletters/other-34"),
        ("https://sites.google.com/view/me", "https://sites.google.com/view/other"),
        ("https://www.patreon.com/posts/mine-12", "https://www.patreon.com/posts/other-34"),
        ("https://mirror.xyz/me.eth", "https://mirror.xyz/other.eth/x"),
        ("https://open.substack.com/pub/me", "https://open.substack.com/pub/other/p/x"),
        ("https://gist.github.com/me/1", "https://gist.github.com/other/2"),
        ("https://raw.githubusercontent.com/me/x/feed.xml", "https://raw.githubusercontent.com/other/y/z.md"),
        ("https://blog.google/", "https://blog.cloudflare.com/x"),
        ("https://web.dev/", "https://web.archive.org/web/2020/x"),
        ("https://research.google/", "https://research.facebook.com/x"),
        ("https://dev.to/me", "https://dev.mysql.com/doc"),
        ("https://news.substack.com/", "https://news.mit.edu/x"),
        ("https://news.substack.com/", "https://news.beehiiv.com/x"),
        ("https://about.gitlab.com/blog", "https://about.fb.com/x"),
        ("https://me.fly.dev/", "https://other.fly.dev/x"),
        ("https://me.workers.dev/", "https://other.workers.dev/x"),
        ("https://me.onrender.com/", "https://other.onrender.com/x"),
        ("https://me.carrd.co/", "https://other.carrd.co/x"),
        ("https://me.framer.website/", "https://other.framer.website/x"),
        ("https://me.neocities.org/", "https://other.neocities.org/x"),
        ("https://me.tistory.com/", "https://other.tistory.com/x"),
        ("https://gds.blog.gov.uk/", "https://dwp.blog.gov.uk/x"),
        ("https://anu.edu.au/", "https://unsw.edu.au/x"),
        ("https://inegi.gob.mx/", "https://sat.gob.mx/x"),
    ],
)
def test_a_neighbour_on_the_same_host_or_of_the_same_label_is_content(site: str, address: str) -> None:
    text = f"# T\n\n## N\n\n- [A story]({address}) told\n"
    [issue] = read_newsletter(text.encode(), source="x.md", base_url=site)
    assert [link.url for link in issue.links] == [address]


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("https://news.crumbs.example/", "https://crumbs.beehiiv.com/about"),
        ("https://crumbs.co.uk/", "https://www.crumbs.co.uk/about"),
        ("https://buttondown.com/me", "https://buttondown.com/me/archive/x"),
        ("https://www.getrevue.co/profile/me", "https://www.getrevue.co/profile/me/members"),
        ("https://dev.to/me", "https://dev.to/me/x"),
        ("https://mailchi.mp/me/x", "https://mailchi.mp/me/y?e=1"),
        ("https://medium.com/@me/x-1a", "https://medium.com/@me/y-2b"),
        ("https://github.com/me/letter/blob/main/1.md", "https://github.com/me/letter/issues/2"),
        ("https://www.linkedin.com/newsletters/me-12", "https://www.linkedin.com/newsletters/me-12/x"),
        ("https://sites.google.com/view/me/home", "https://sites.google.com/view/me/about"),
        ("https://world.hey.com/me/x-1a", "https://world.hey.com/me"),
        ("https://blog.google/", "https://blog.google/about"),
    ],
)
def test_the_newsletters_own_pages_are_no_content_wherever_they_stand(site: str, address: str) -> None:
    text = f"# T\n\n## N\n\n- [A story]({address}) told\n"
    [issue] = read_newsletter(text.encode(), source="x.md", base_url=site)
    assert issue.links == ()


@pytest.mark.parametrize(
    "site", ["https://mailchi.mp/crumbs", "https://medium.com/@crumbs/1", "https://www.getrevue.co/profile/crumbs"]
)
def test_a_newsletter_is_called_by_the_name_of_its_place(site: str) -> None:
    text = (
        "# T\n\n## N\n\n- [A story](https://a.example/x?ref=crumbs) told, [Twitter](https://twitter.com/crumbs), "
        "[Twitter](https://twitter.com/other)\n- [Subscribe](https://crumbs.garden/subscribe) to "
        "[us](https://crumbs.garden/about) or [them](https://other.garden/about?ref=other)\n"
    )
    [issue] = read_newsletter(text.encode(), source="x.md", base_url=site)
    assert [link.url for link in issue.links] == [
        "https://a.example/x",
        "https://twitter.com/other",
        "https://other.garden/about?ref=other",
    ]


def archive_feed(home: str, *addresses: str) -> bytes:
    story = "<a href='https://mailchi.mp/me/9'>ours</a> <a href='https://mailchi.mp/other/9'>a loaf</a>"
    text = f"<description><![CDATA[{story}]]></description>"
    items = [
        f"<item><title>T</title><link>{address}</link><guid>{address}</guid>{text}</item>" for address in addresses
    ]
    return f"<rss version='2.0'><channel><title>W</title><link>{home}</link>{''.join(items)}</channel></rss>".encode()


def test_where_the_home_page_tells_nothing_the_items_common_place_is_the_newsletters() -> None:
    home = "https://us7.campaign-archive.com/home/?u=0&amp;id=2"
    issues = read_newsletter(archive_feed(home, "https://mailchi.mp/me/1", "https://mailchi.mp/me/2"), source="x.xml")
    assert [[link.key for link in issue.links] for issue in issues] == [["mailchi.mp/other/9"]] * 2
    issues = read_newsletter(archive_feed(home, "https://mailchi.mp/me/1", "https://a.example/2"), source="x.xml")
    assert [len(issue.links) for issue in issues] == [2, 2]
    issues = read_newsletter(archive_feed("https://b.example/", "https://mailchi.mp/me/1"), source="x.xml")
    assert [len(issue.links) for issue in issues] == [2]


@pytest.mark.parametrize("site", [None, "https://www.letter.example/p/x"])
@pytest.mark.parametrize(
    ("furniture", "story"),
    [
        ("[Sign up](https://www.notion.so/signup)", "https://www.notion.so/product/ai"),
        ("[Subscribe now](https://www.theinformation.com/subscribe)", "https://www.theinformation.com/articles/x"),
        ("", "https://www.producthunt.com/posts/x"),
    ],
)
def test_one_button_or_stamp_makes_nobody_the_newsletter(site: str | None, furniture: str, story: str) -> None:
    text = f"# T\n\n## N\n\n{furniture} [Tool](https://tool.example/?utm_source=producthunt) and [a story]({story})"
    [issue] = read_newsletter(text.encode(), source="x.md", base_url=site)
    assert [link.url for link in issue.links] == ["https://tool.example/", story]


@pytest.mark.parametrize(
    ("site", "found"), [(None, []), ("https://www.letter.example/p/x", ["crumbs.example/about", "crumbs.example/a"])]
)
def test_several_buttons_give_the_newsletter_away_where_its_site_is_not_known(
    site: str | None, found: list[str]
) -> None:
    text = (
        "# T\n\n## N\n\n[Log in](https://crumbs.example/login) or [Subscribe](https://crumbs.example/subscribe) to "
        "read [who we are](https://crumbs.example/about) and [more](https://crumbs.example/a)"
    )
    [issue] = read_newsletter(text.encode(), source="x.md", base_url=site)
    assert [link.key for link in issue.links] == found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Built with Kit", "kit.com/?a=1"),
        ("Powered by Ghost", "ghost.org/?via=x"),
        ("Sent with MailerLite", "mailerlite.com/x"),
        ("Sent with Brevo", "brevo.com/x"),
        ("Twitter", "twitter.com/letter"),
        ("X", "x.com/letter"),
        ("Facebook", "facebook.com/letter"),
        ("LinkedIn", "linkedin.com/company/letter"),
        ("Instagram", "instagram.com/letter"),
        ("YouTube", "youtube.com/@letter"),
        ("Mastodon", "social.example/@letter"),
        ("Tweet", "twitter.com/intent/tweet?text=x"),
        ("Share", "a.example/share?url=x"),
        ("Forward", "a.example/forward/1"),
    ],
)
def test_what_a_platform_adds_and_icons_of_networks_are_no_content(text: str, address: str) -> None:
    assert keys(f"# T\n\n## N\n\n[{text}](https://{address}) and [a loaf](https://b.example/2)") == ["b.example/2"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ghost 6 is out", "ghost.org/changelog/6"),
        ("Ghost", "ghost.org"),
        ("Twitter", "twitter.com/a/status/1"),
        ("Jane", "twitter.com/jane"),
        ("tweet", "twitter.com/a/status/1"),
        ("share", "a.example/market/1"),
        ("forward", "a.example/x"),
        ("LinkedIn", "linkedin.com/pulse/x"),
        ("A story", "a.example/subscribe"),
        ("A story", "refer.example"),
    ],
)
def test_what_only_has_such_a_name_is_content(text: str, address: str) -> None:
    assert keys(f"# T\n\n## N\n\n- A loaf of [{text}](https://{address}) that rose") == [address]


def test_a_post_beside_its_paper_is_content() -> None:
    paper, post = "https://arxiv.org/abs/2301.09209", "https://twitter.com/a/status/1"
    assert len(keys(f"# T\n\n## N\n\n- New model ([paper]({paper}), [tweet]({post}))")) == 2


def test_profiles_of_those_whom_a_story_is_about_are_content_and_the_newsletters_own_are_not() -> None:
    text = (
        "# T\n\nInterview with Jane ([Twitter](https://twitter.com/janedoe), [Mastodon](https://mastodon.social/@jane))."
        "\n\n[Twitter](https://twitter.com/crumbs) · [Instagram](https://instagram.com/crumbs)\n"
    )
    links = read_newsletter(text.encode(), source="x.md", base_url="https://crumbs.example/p/1")[0].links
    assert [link.key for link in links] == ["twitter.com/janedoe", "mastodon.social/@jane"]
