"""Links that tell only by asking where they lead: which may be asked, and what becomes of them."""

import pytest

from bot.model.issue import Issue, Link, Section
from bot.newsletter import read_newsletter
from bot.newsletter.addresses.links import link_keys, read_link
from bot.newsletter.addresses.opaque import asked_for, to_ask, with_destinations

UUID = "94f5c722-b33f-4dd6-959b-429b6b093a82"


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://t.co/abc123XYZ", "https://t.co/abc123XYZ"),
        ("http://www.bit.ly/3aBcD?utm_source=x", "http://www.bit.ly/3aBcD"),
        ("https://lnkd.in/e/aB-cD", "https://lnkd.in/e/aB-cD"),
        ("https://www.linkedin.com/slink?code=abc&trk=me", "https://www.linkedin.com/slink?code=abc"),
        (f"https://substack.com/redirect/{UUID}?j=eyJ1IjoiMSJ9&r=1", f"https://substack.com/redirect/{UUID}"),
        (f"https://link.sbstck.com/redirect/{UUID}?j=eyJ1IjoiMSJ9", f"https://link.sbstck.com/redirect/{UUID}"),
        (
            "https://news.us1.list-manage.com/track/click?u=aa&id=bb&e=cc",
            "https://news.us1.list-manage.com/track/click?u=aa&id=bb",
        ),
        ("https://user:secret@t.co/abc#me", "https://t.co/abc"),
        ("https://javascriptweekly.com/link/120000/web", "https://javascriptweekly.com/link/120000/web"),
    ],
)
def test_what_is_the_same_for_every_reader_may_be_asked_without_the_reader(url: str, asked: str) -> None:
    assert to_ask(url) == asked
    assert to_ask(asked) == asked


@pytest.mark.parametrize(
    "url",
    [
        "https://u25184427.ct.sendgrid.net/ls/click?upn=abc",
        "https://link.mail.beehiiv.com/ss/c/u001.abc/4aa/xyz/h1/h001.abc",
        "https://click.mlsend.com/link/c/YT0x",
        "https://hubspotlinks.com/Ctc/abc",
        "https://trk.klclick.com/ls/click?upn=abc",
        "https://javascriptweekly.com/link/120000/aabbccdd00",
        "https://news.us1.list-manage.com/unsubscribe?u=aa&id=bb&e=cc",
        "https://news.us1.list-manage.com/track/click?u=aa",
        "https://substack.com/redirect/2/eyJlIjoiaHR0cHM6Ly9hLmV4YW1wbGUifQ.sig",
        "https://t.co/",
        "https://t.co:8443/abc",
        "https://t.co.evil.example/abc",
        "https://bit.ly/a/b/c",
        "https://things.example/abc",
        "mailto:a@t.co",
        "https://[t.co/abc",
    ],
)
def test_what_stands_for_one_reader_acts_or_is_no_tracker_is_never_asked(url: str) -> None:
    assert to_ask(url) is None


def link(url: str, *, title: str = "A thing") -> Link:
    read = read_link(url)
    assert read is not None
    return Link(url=read[0], key=read[1], title=title, text="here")


def test_links_lead_on_and_those_that_act_are_no_content() -> None:
    kept = link("https://things.example/1")
    issue = Issue(
        title="One",
        identities=("guid:1",),
        url="https://letter.example/p/one",
        sections=(
            Section("News", (link("https://t.co/aaa"), kept, link("https://t.co/bbb", title="t.co/bbb"))),
            Section("Own", (link("https://t.co/invite"), link("https://t.co/login"))),
            Section("More", (link("https://bit.ly/vote"), link("https://bit.ly/mail"), link("https://bit.ly/dark"))),
        ),
    )
    assert asked_for(issue) == [
        "https://t.co/aaa",
        "https://t.co/bbb",
        "https://t.co/invite",
        "https://t.co/login",
        "https://bit.ly/vote",
        "https://bit.ly/mail",
        "https://bit.ly/dark",
    ]
    known: dict[str, str | None] = {
        "https://t.co/aaa": "https://www.paper.example/a/?utm_source=mail",
        "https://t.co/bbb": "https://ink.example/b",
        "https://bit.ly/vote": "https://poll.example/unsubscribe?id=1",
        "https://bit.ly/mail": "mailto:me@mail.example",
        "https://bit.ly/dark": None,
        "https://t.co/invite": "https://discord.gg/abc",
        "https://t.co/login": "https://www.letter.example/login",
    }
    led = with_destinations(issue, known.get)
    assert [(each.url, each.key, each.title) for each in led.links] == [
        ("https://www.paper.example/a/", "paper.example/a", "A thing"),
        ("https://things.example/1", "things.example/1", "A thing"),
        ("https://ink.example/b", "ink.example/b", "ink.example/b"),
        ("https://bit.ly/dark", "bit.ly/dark", "A thing"),
    ]
    assert with_destinations(issue, lambda _: None) is issue


def test_what_mailchimp_calls_a_reader_is_not_kept() -> None:
    url = "https://news.us1.list-manage.com/track/click?u=aa&id=bb&e=cc"
    [issue] = read_newsletter(f"# One\n\n- [A kite]({url}) - flies\n".encode(), source="one.md")
    assert [each.url for each in issue.links] == ["https://news.us1.list-manage.com/track/click?u=aa&id=bb"]
    assert link_keys(url) == (
        "news.us1.list-manage.com/track/click?id=bb&u=aa",
        "news.us1.list-manage.com/track/click?e=cc&id=bb&u=aa",
    )
