"""What makes two links the same: the address alone. What context shows to be a stamp is cut from what is shown."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.model.issue import Issue
from bot.newsletter import link_key, read_newsletter
from bot.newsletter.addresses.links import EVERYDAY, link_keys, read_link

HOME = "https://weekly.example"


def issue_of(*links: str, title: str = "The Weekly Crumb", home: str = HOME) -> Issue:
    body = "".join(
        f'<p>Story {number}: <a href="{url}">what was found</a> there.</p>' for number, url in enumerate(links)
    )
    content = (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>{title}</title><link>{home}/</link><item><title>Issue 1</title><link>{home}/p/1</link><guid>1</guid>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item></channel></rss>"
    )
    (issue,) = read_newsletter(content.encode(), source="x.xml")
    return issue


def shown(*links: str, **more: str) -> list[str]:
    return [link.url for link in issue_of(*links, **more).links]


SAYING = [
    "https://help.shop.example/kb.php?ref=4045-USHJ",
    "https://api.code.example/contents/guide.md?ref=v2-beta",
    "https://docs.example/view?token=abc123public",
    "https://explorer.example/tx?hasha=0xabcdef",
    "https://explorer.example/tx?hashb=0b12",
    "https://shop.example/find?sub_id=77&cat=3",
    "https://shop.example/find?trk=12",
    "https://forum.example/posts?email=announce",
    "https://forum.example/read?emailid=1234",
    "https://www.reddit.com/r/python/comments/abc123/some_title/def456/?context=3",
    "https://parcels.example/where?trackingId=00340434161094",
    "https://tables.example/show?cmp=acme",
    "https://tables.example/show?akid=12",
    "https://tables.example/show?jwt=rfc7519",
    "https://tables.example/show?ref_id=12",
    "https://music.example/play?ceid=12",
]


@pytest.mark.parametrize("url", SAYING)
def test_a_parameter_of_an_everyday_name_says_which_page_it_is(url: str) -> None:
    read = read_link(url)
    assert read is not None
    assert read[0] == url
    assert "?" in read[1]
    assert shown(url, "https://b.example/2") == [url, "https://b.example/2"]


@pytest.mark.parametrize("page", ["/u/unsubscribe", "/email-preferences", "/confirm", "/Log-in/now", "/opt-out"])
@pytest.mark.parametrize("name", ["token", "Token", "JWT"])
def test_the_token_of_a_page_that_acts_is_the_readers(page: str, name: str) -> None:
    assert read_link(f"https://a.example{page}?{name}=aZ09") == (
        f"https://a.example{page}",
        link_key(f"https://a.example{page}"),
    )


@pytest.mark.parametrize("name", ["token", "TOKEN", "Jwt"])
def test_the_token_beside_a_readers_name_is_the_readers(name: str) -> None:
    assert read_link(f"https://a.example/x?{name}=aZ09&email=mia@moss.io") == ("https://a.example/x", "a.example/x")


@given(
    st.sampled_from(sorted(EVERYDAY)),
    st.text("abcXYZ019-_", min_size=1, max_size=20),
    st.text("abz09-", min_size=1, max_size=20),
)
@example("ref", "1", "2")
def test_two_values_of_an_everyday_parameter_are_two_pages(name: str, one: str, other: str) -> None:
    keys = {link_key(f"https://a.example/x?{name}={value}") for value in (one, other)}
    assert len(keys) == len({one, other})


@given(st.sampled_from(sorted(EVERYDAY)), st.text("abcXYZ019-_. %é", max_size=20))
def test_the_key_of_an_everyday_parameter_is_a_function_of_the_address(name: str, value: str) -> None:
    read = read_link(f" HTTPS://www.A.example:443/x/?b=1&{name}={value}&utm_source=n#part\n")
    assert read is not None
    url, key = read
    assert link_key(f"https://{key}") == key == link_key(url)
    assert key == link_key(f"http://m.a.example/x?{name}={value}&b=1")


def test_earlier_rules_do_not_make_one_of_two_pages() -> None:
    assert link_keys("https://a.example/kb?ref=8285") == ("a.example/kb?ref=8285",)
    assert link_keys("https://www.reddit.com/r/a/comments/1/?context=3") == ("reddit.com/r/a/comments/1?context=3",)


@pytest.mark.parametrize(
    "stamp",
    [
        "ref=weekly.example",
        "ref=www.weekly.example",
        "ref=https%3A%2F%2Fweekly.example%2F",
        "ref=weekly",
        "ref=The%20Weekly%20Crumb",
        "ref=the-weekly-crumb",
        "ref=the-weekly-crumb-newsletter",
        "ref=theweeklycrumb",
        "REF=Weekly.example",
        "trk=weekly.example",
        "sub_id=theweeklycrumb",
        "token=weekly",
    ],
)
def test_the_newsletters_own_name_is_a_stamp(stamp: str) -> None:
    first, second = issue_of(f"https://a.example/x?{stamp}&id=7#top", "https://b.example/2").links
    assert (first.url, first.key) == ("https://a.example/x?id=7#top", "a.example/x?id=7")
    assert first.alias == link_key(f"https://a.example/x?{stamp}&id=7")
    assert second.alias is None


@pytest.mark.parametrize("stamp", ["ref=other.example", "ref=crumb", "ref=weekly2", "ref=we", "token=weekly-board"])
def test_another_name_is_no_stamp(stamp: str) -> None:
    url = f"https://a.example/x?{stamp}"
    (link,) = issue_of(url).links
    assert (link.url, link.alias) == (url, None)


@pytest.mark.parametrize("stamp", ["ref=n41", "token=aZ09", "cmp=mail-2026", "sub_id=r77", "email=r77", "context=mail"])
def test_what_is_the_same_on_most_links_is_a_stamp(stamp: str) -> None:
    stamped = [f"https://{host}.example/x?{stamp}" for host in "abc"]
    links = issue_of(*stamped, "https://d.example/1", "https://e.example/2?page=1").links
    assert [link.url for link in links] == [
        "https://a.example/x",
        "https://b.example/x",
        "https://c.example/x",
        "https://d.example/1",
        "https://e.example/2?page=1",
    ]
    assert [link.alias for link in links[:3]] == [link_key(url) for url in stamped]


def test_what_is_the_same_on_few_links_or_at_one_site_is_no_stamp() -> None:
    few = ["https://a.example/x?ref=v2", "https://b.example/x?ref=v2"]
    assert shown(*few, "https://c.example/1", "https://d.example/2") == [
        *few,
        "https://c.example/1",
        "https://d.example/2",
    ]
    one_site = [f"https://api.code.example/contents/{name}.md?ref=v2-beta" for name in "abcd"]
    assert shown(*one_site, "https://b.example/x") == [*one_site, "https://b.example/x"]


def test_two_links_of_one_issue_that_differ_in_it_are_two() -> None:
    pages = ["https://a.example/kb?ref=4045", "https://a.example/kb?ref=8285"]
    links = issue_of(*pages, *(f"https://{host}.example/x?ref=4045" for host in "bcd")).links
    assert [link.url for link in links[:2]] == ["https://a.example/kb", "https://a.example/kb?ref=8285"]
    assert len({link.key for link in links}) == 5
    named = ["https://a.example/kb?ref=weekly.example", "https://a.example/kb?ref=weekly"]
    assert shown(*named) == named


def test_the_same_page_with_a_stamp_and_without_one_is_one() -> None:
    one, other = issue_of("https://a.example/x", "https://a.example/x?ref=weekly.example").links
    assert one.key == other.key == "a.example/x"


def test_an_item_is_known_by_its_address_without_its_newsletters_stamp() -> None:
    content = (
        '<rss version="2.0"><channel><title>W</title><link>https://weekly.example/</link>'
        "<item><title>One</title><link>https://weekly.example/p/1?ref=weekly.example</link>"
        "<description>Some words</description></item></channel></rss>"
    )
    (issue,) = read_newsletter(content.encode(), source="x.xml")
    assert issue.url == "https://weekly.example/p/1"
    assert issue.identities[0] == "link:weekly.example/p/1"


@pytest.mark.parametrize(
    ("raw", "url", "key"),
    [
        ("https://files.example/My Annual Report.pdf", "https://files.example/My%20Annual%20Report.pdf", None),
        ("  https://files.example/a b \n", "https://files.example/a%20b", None),
        ("https://files.example/a\n\tb", "https://files.example/ab", None),
        ("https://files.example/a\r\n  b", "https://files.example/a%20%20b", None),
        ("https://files.example/x?q=two words&y=1", "https://files.example/x?q=two%20words&y=1", None),
        ("https://files.example/x?utm_source=a b", "https://files.example/x", None),
        ("https://files.example/x#a b", "https://files.example/x#a%20b", "files.example/x"),
        ("\x01 https://files.example/x \x1f", "https://files.example/x", None),
        (
            "https://files.example/r\u00e9sum\u00e9 2.pdf",
            "https://files.example/r\u00e9sum\u00e9%202.pdf",
            "files.example/r%C3%A9sum%C3%A9%202.pdf",
        ),
    ],
)
def test_blanks_in_an_address_are_read_as_browsers_do(raw: str, url: str, key: str | None) -> None:
    assert read_link(raw) == (url, key or url.removeprefix("https://"))


@pytest.mark.parametrize("raw", ["https://a b.example/x", "https:// a.example/x", " ", "https://a.example :80/"])
def test_a_blank_in_a_host_is_no_address(raw: str) -> None:
    assert read_link(raw) is None


def test_a_file_with_blanks_in_its_name_is_the_file_wherever_it_stands() -> None:
    content = (
        '<rss version="2.0"><channel><title>W</title><link>https://weekly.example/</link>'
        "<item><title>One</title><link>https://weekly.example/Issue 1.html</link><guid>1</guid>"
        '<enclosure url="https://cdn.example/Release Candidate 1.jpg" length="0" type="image/jpeg"/>'
        '<description>&lt;p&gt;The &lt;a href="https://files.example/Plan B 2026.pdf"&gt;plan&lt;/a&gt; here&lt;/p&gt;'
        "</description></item></channel></rss>"
    )
    (issue,) = read_newsletter(content.encode(), source="x.xml")
    assert issue.url == "https://weekly.example/Issue%201.html"
    assert issue.image_url == "https://cdn.example/Release%20Candidate%201.jpg"
    assert issue.links[0].url == "https://files.example/Plan%20B%202026.pdf"


HOSTS = (
    "a.example b.co.uk youtube.com x.com arxiv.org amazon.de en.wikipedia.org medium.com mailchi.mp xn--mnchen-3ya.de"
)
PATHS = st.lists(
    st.sampled_from(
        "p watch abs 2301.09209v2 dp/B012345678 status/1 Ab a%20b é %C3%A9 ~x a;b wiki/Foo_(bar) @jo".split()
    ),
    max_size=3,
)
FIELDS = st.lists(
    st.tuples(
        st.sampled_from("v q id ref token utm_source t page email x via".split()),
        st.sampled_from(["1", "", "é", "%41", "dQw4w9WgXcQ", "mia@moss.example", "a%26b", "v2"]),
    ).map("=".join),
    max_size=4,
)


@given(
    st.sampled_from(HOSTS.split()),
    PATHS.map("/".join),
    FIELDS.flatmap(lambda fields: st.tuples(st.just(fields), st.permutations([*fields, "utm_campaign=z"]))),
    st.sampled_from(["https://", " http://", "HTTPS://www.", "http://m.", "https://mobile."]),
    st.sampled_from(["as it is", "LOUD"]),
)
@example("a.example", "", (["utm_source=a%26b"], ["utm_campaign=z", "utm_source=a%26b"]), "https://", "as it is")
def test_one_page_has_one_key_however_its_address_is_written(
    host: str, path: str, fields: tuple[list[str], list[str]], start: str, spelling: str
) -> None:
    is_loud = spelling == "LOUD"
    plain, shuffled = ("&".join(each) for each in fields)
    key = link_key(f"https://{host}/{path}?{plain}")
    port = (":443" if "https" in start.lower() else ":80") if is_loud else ""
    other = f"{start}{host.upper() if is_loud else host}{port}/{path}{'/' if path else ''}?{shuffled}#part\n"
    assert key is not None
    assert link_key(other) == key == link_key(f"https://{key}")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("id=1&utm_source=a%26b", "id=1"),
        ("utm_source=a%26b%3D2&id=1", "id=1"),
        ("utm_source=a%26b", ""),
        ("u=%2Fx%3Futm_source%3Da%2526c%26d%3D1", "u=%2Fx%3Fd%3D1"),
    ],
)
def test_what_is_escaped_within_a_value_goes_with_it(query: str, kept: str) -> None:
    shown = "https://a.example/x" + (f"?{kept}" if kept else "")
    assert read_link(f"https://a.example/x?{query}") == (shown, shown.removeprefix("https://"))
