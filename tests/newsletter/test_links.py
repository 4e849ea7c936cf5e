"""Links: what is shown, what makes two the same, and which trackers are undone."""

import base64
import json
import re
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.newsletter import clean_url, link_key, read_newsletter
from bot.newsletter.addresses.links import link_keys, read_link
from bot.newsletter.addresses.wrappers import unwrap

UUID = "94f5c722-b33f-4dd6-959b-429b6b093a82"


def token(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


def beehiiv(url: str) -> str:
    return f"https://flight.beehiiv.net/v2/clicks/{token({'alg': 'HS256'})}.{token({'url': url})}.c2ln"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("https://a.example/b?utm_source=x&utm_medium=y", "https://a.example/b"),
        ("https://a.example/b?id=7&utm_source=x#part", "https://a.example/b?id=7#part"),
        ("https://a.example/b?token=abc.def&email=me%40b.example&visit_token=1", "https://a.example/b"),
        ("https://letters.example/p/story?r=1a2b3&publication_id=9", "https://letters.example/p/story"),
        ("https://shop.example/list?r=4", "https://shop.example/list?r=4"),
        ("https://twitter.com/a/status/1?s=20&t=Zz-9", "https://twitter.com/a/status/1"),
        ("https://a.example/watch?t=20", "https://a.example/watch?t=20"),
        ("https://a.example/b&utm_source=x", "https://a.example/b"),
        ("https://a.example/b?c=d?utm_source=x", "https://a.example/b?c=d"),
        ("https://youtu.be/abc?utm_source%3Dnews%26utm_medium%3Demail", "https://youtu.be/abc"),
        ("  https://a.example/b \n", "https://a.example/b"),
        ("//a.example/b", "https://a.example/b"),
        ("https://me:secret@a.example/b", "https://a.example/b"),
        ("https://tool.example/?via=letter", "https://tool.example/?via=letter"),
    ],
)
def test_shown_address_is_clean_and_still_works(raw: str, shown: str) -> None:
    assert clean_url(raw) == shown


@pytest.mark.parametrize(
    "raw",
    ["mailto:a@b.example", "/login", "#top", "javascript:alert(1)", "data:text/html,x", "", "http://", "http://[", "x"],
)
def test_what_leads_nowhere_on_the_web_is_no_link(raw: str) -> None:
    assert clean_url(raw) is None


def test_relative_address_is_resolved_against_its_base() -> None:
    assert clean_url("/p/one", "https://letter.example/feed") == "https://letter.example/p/one"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.a.example/b/", "https://a.example/b"),
        ("https://A.example:443/b#c", "http://m.a.example/b?utm_campaign=z"),
        ("https://a.example/b?x=1&y=2", "https://a.example/b?y=2&x=1"),
        ("https://x.com/a/status/1?s=46", "https://mobile.twitter.com/a/status/1"),
        ("https://youtu.be/abc?si=1", "https://www.youtube.com/watch?v=abc&feature=share"),
        ("https://a.example/%7Eb%c3%a9", "https://a.example/~b%C3%A9"),
        ("https://tool.example/?via=letter", "https://tool.example"),
    ],
)
def test_two_addresses_of_one_page_have_one_key(one: str, other: str) -> None:
    assert link_key(one) == link_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/b", "https://a.example/B"),
        ("https://a.example/?id=1", "https://a.example/?id=2"),
        ("https://app.example/#/one", "https://app.example/#/two"),
        ("https://a.example:8080/", "https://a.example/"),
    ],
)
def test_two_pages_have_two_keys(one: str, other: str) -> None:
    assert link_key(one) != link_key(other)


def test_a_long_key_ends_in_a_hash_and_tells_pages_apart() -> None:
    start = "https://a.example/" + "b" * 600
    keys = [link_key(start + end) for end in ("", "c", "d?e=f", "d#/route")]
    assert all(key is not None and len(key) <= 500 for key in keys)
    assert len(set(keys)) == 4
    assert keys[1] == link_key(start + "c/?utm_source=x")


def test_an_address_that_no_message_could_hold_is_no_link() -> None:
    assert clean_url("https://a.example/" + "b" * 1_982) is not None
    assert clean_url("https://a.example/" + "b" * 1_983) is None
    assert clean_url("https://a.example/é" + "b" * 1_983) is None
    assert clean_url("https://a.example/b?utm_source=" + "c" * 3_000) == "https://a.example/b"


def test_half_a_character_does_not_stay_in_an_address() -> None:
    assert clean_url("https://a.example/b\ud83e?c=\udd79\0d") == "https://a.example/b?c=d"


def test_tracker_with_a_signed_token_is_undone() -> None:
    assert clean_url(beehiiv("https://a.example/b?utm_source=x ")) == "https://a.example/b"


def test_older_tracker_with_shifted_characters_is_undone() -> None:
    plain = json.dumps({"url": "https://a.example/b"}).encode().hex()
    shifted = "".join(chr(ord(char) + 19) for char in plain)
    wrapped = "https://flight.beehiiv.net/clicks/" + base64.b64encode(shifted.encode("latin-1")).decode()
    assert clean_url(wrapped) == "https://a.example/b"


def test_eight_wrappers_around_each_other_are_undone() -> None:
    url = "https://a.example/b?c=d"
    for _ in range(8):
        url = "https://www.google.com/url?q=" + quote(url, safe="")
    assert clean_url(beehiiv(url)) == "https://a.example/b?c=d"


@pytest.mark.parametrize(
    "wrapped",
    [
        "https://email.mg2.substack.com/c/"
        + base64.urlsafe_b64encode(zlib.compress(b"l=https%3A%2F%2Fa.example%2Fb")).decode(),
        "https://substack.com/redirect/2/" + token({"e": "https://a.example/b"}) + ".sig",
        "https://click.kit-mail3.com/x/y/" + base64.urlsafe_b64encode(b"https://a.example/b").decode(),
        "https://link.paper.example/click/1.2/" + base64.urlsafe_b64encode(b"https://a.example/b").decode() + "/x",
        "https://abc.r.eu-west-1.awstrack.me/L0/https:%2F%2Fa.example%2Fb/1/2/3=4",
        "https://e.customeriomail.com/e/c/" + token({"href": "https://a.example/b"}) + "/sig",
        "https://mandrillapp.com/track/click/1/x?p=" + token({"p": json.dumps({"url": "https://a.example/b"})}),
        "https://buttondown.email/c/" + base64.urlsafe_b64encode(b"u|v|https://a.example/b|me@b.example").decode(),
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.example%2Fb&data=1",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__a.example_b&d=1",
        "https://urldefense.com/v3/__https://a.example/b__;!!sig",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2Fb",
        "https://www.youtube.com/redirect?q=https%3A%2F%2Fa.example%2Fb",
        "https://streaklinks.com/abc/https%3A%2F%2Fa.example%2Fb",
        "https://12ft.io/proxy?q=https%3A%2F%2Fa.example%2Fb",
    ],
)
def test_every_tracker_that_carries_its_destination_is_undone(wrapped: str) -> None:
    assert clean_url(wrapped) == "https://a.example/b"


@pytest.mark.parametrize(
    "broken",
    [
        "https://flight.beehiiv.net/v2/clicks/a.b.c",
        "https://flight.beehiiv.net/v2/clicks/",
        "https://flight.beehiiv.net/clicks/%%%",
        beehiiv("javascript:alert(1)"),
        "https://www.google.com/url?q=/relative",
        "https://email.mg2.substack.com/c/eJnonsense",
    ],
)
def test_a_tracker_that_cannot_be_read_stays_as_it_is(broken: str) -> None:
    assert unwrap(broken) == broken


def test_an_inflated_bomb_is_not_unpacked() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"l=https://a.example/" + b"a" * 10_000_000)).decode()
    url = "https://email.mg2.substack.com/c/" + bomb
    assert unwrap(url) == url


def test_real_wrapped_links_lead_where_they_lead(corpus: Path) -> None:
    counts: dict[str, int] = defaultdict(int)
    for line in (corpus / "wrapped_links.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["destination"] is not None:
            assert unwrap(row["wrapped"]).strip() == row["destination"].strip(), row["kind"]
            counts[row["kind"]] += 1
    assert len(counts) >= 9
    assert sum(counts.values()) >= 130


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://arxiv.org/abs/2301.09209", "http://www.arxiv.org/pdf/2301.09209v3.pdf"),
        ("https://arxiv.org/abs/2301.09209", "https://export.arxiv.org/html/2301.09209v1"),
        ("https://arxiv.org/abs/math.GT/0309136", "https://arxiv.org/pdf/math.GT/0309136v1"),
        ("https://youtu.be/dQw4w9WgXcQ?si=x", "https://www.youtube.com/shorts/dQw4w9WgXcQ?feature=share"),
        ("https://youtube.com/watch?v=dQw4w9WgXcQ", "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ"),
        ("https://x.com/i/spaces/1aB", "https://twitter.com/i/spaces/1aB"),
        ("https://x.com/SomeBody/status/1?s=20", "https://mobile.twitter.com/somebody/status/1"),
        ("https://old.reddit.com/r/x/comments/1/", "https://www.reddit.com/r/x/comments/1"),
        ("https://en.m.wikipedia.org/wiki/Paper", "https://en.wikipedia.org/wiki/Paper"),
        ("https://en.m.wiktionary.org/wiki/paper", "https://en.wiktionary.org/wiki/paper"),
        ("https://mobile.x.com/a/status/1", "https://twitter.com/a/status/1"),
        ("https://twitter.com/a/status/1/photo/1", "https://x.com/A/status/1?s=20"),
        ("https://mobile.nytimes.com/x", "https://nytimes.com/x#top"),
        ("https://a.example/b%C3%A4r", "https://a.example/bär"),
        ("https://a.example/?q=b%c3%a4r", "https://a.example/?q=bär"),
        ("https://a.example/?q=%7eb", "https://a.example/?q=~b"),
        ("https://münchen.example/x", "https://xn--mnchen-3ya.example/x"),
        ("http://a.example:443/x", "https://a.example/x"),
        ("https://old.reddit.com/r/x?share_id=1", "https://reddit.com/r/x"),
        ("https://open.substack.com/pub/Foo/p/bar?r=1a2b&utm_medium=ios", "https://foo.substack.com/p/bar"),
        ("https://x.com/i/web/status/1", "https://twitter.com/i/status/1"),
        ("https://www.amazon.de/Brot-backen/dp/B08N5WRWNW/ref=sr_1_1?qid=1", "https://amazon.de/dp/B08N5WRWNW"),
        ("https://www.amazon.com/gp/product/B08N5WRWNW?tag=letter-20", "https://amazon.com/dp/B08N5WRWNW"),
        ("https://www.tiktok.com/@a/video/1?_r=1&_t=8x", "https://www.tiktok.com/@a/video/1"),
    ],
)
def test_one_page_under_several_addresses_is_one(one: str, other: str) -> None:
    assert link_key(one) == link_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://arxiv.org/abs/2301.09209", "https://arxiv.org/abs/2301.09210"),
        ("https://arxiv.org/list/cs.AI/recent", "https://arxiv.org/abs/cs.AI/recent"),
        ("https://youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcq"),
        ("https://en.wikipedia.org/wiki/Paper", "https://de.wikipedia.org/wiki/Paper"),
        ("https://amazon.de/dp/B08N5WRWNW", "https://amazon.de/dp/B08N5WRWNX"),
        ("https://open.substack.com/pub/foo/p/bar", "https://open.substack.com/pub/oof/p/bar"),
        ("https://jobs.example/vacancy?ref=1234", "https://jobs.example/vacancy?ref=5678"),
        ("https://en.wikipedia.org/wiki/Paper", "https://en.wikipedia.org/wiki/PAPER"),
    ],
)
def test_pages_that_look_alike_stay_two(one: str, other: str) -> None:
    assert link_key(one) != link_key(other)


def test_the_key_by_older_rules_is_known_while_rows_have_it() -> None:
    assert link_keys("https://arxiv.org/pdf/2301.09209v3.pdf") == (
        "arxiv.org/abs/2301.09209",
        "arxiv.org/pdf/2301.09209v3.pdf",
    )
    assert link_keys("https://x.com/Some/status/1") == ("twitter.com/some/status/1", "twitter.com/Some/status/1")
    assert link_keys("https://plain.example/a?utm_source=x") == ("plain.example/a",)
    assert link_keys("https://amazon.de/x/dp/B08N5WRWNW/ref=sr_1_1") == (
        "amazon.de/dp/B08N5WRWNW",
        "amazon.de/x/dp/B08N5WRWNW/ref=sr_1_1",
    )
    assert link_keys("mailto:a@b.example") == ()


SEVERAL = """arxiv.org x.com youtu.be youtube.com old.reddit.com en.m.wikipedia.org open.substack.com amazon.de
a.example m.co""".split()
PREFIXES = st.lists(st.sampled_from(["www.", "m.", "mobile.", "WWW."]), max_size=3).map("".join)
TAILS = st.lists(
    st.one_of(
        st.text(alphabet="abcXYZ019./-_%&=?#:;éä!", max_size=12),
        st.sampled_from(
            [
                "utm_source=x",
                "%3Futm_source%3Dx",
                "%26token%3Dy1",
                ";token=z1",
                "?email=me%40b.example",
                "#/",
                "&r=1",
                "/p/",
            ]
        ),
    ),
    max_size=4,
).map("".join)


@given(
    PREFIXES,
    st.sampled_from(SEVERAL),
    st.sampled_from(["", ":80", ":443", ":8080", "."]),
    TAILS,
)
@example("mobile.", "nytimes.com", "", "x")
@example("mobile.", "twitter.com", "", "a/status/1?s=20&t=x")
@example("www.m.", "a.example", "", "x")
@example("www.www.", "a.example", "", "")
@example("", "a.example", ":443", "")
@example("", "[::1]", "", "x")
@example("", "[::1]", ":81", "x")
@example("", "youtube.com", "", "shorts/dQw4w9WgXcQ//")
@example("", "arxiv.org", "", "abs/2301.09209//?y=2")
@example("", "youtu.be", "", "&")
@example("", "youtu.be", "", "abc?app=1")
@example("", "x.com", "", "?%3Futm_source%3Dx&y")
@example("", "app.example", "", "#/one?utm_source=x")
@example("", "a.example", "", "#?utm_a=b")
@example("", "a.example", "", "%%37%45")
@example("", "x.com", "", "/P/x?r=1")
@example("", "a.example", "", "x?a=1&amp;amp;b=2")
@example("", "a.example", "", "x?a=%2526amp%253Bamp%3Bb&amp;%26amp;amp;c")
@example("", "a.example", "", "#a=1&amp;token=x1&amp;b")
@example("", "a.example", "", "i/1?r=abcde&r=1")
@example("", "open.substack.com", "", "pub/m/p/x")
@example("", "open.substack.com", "", "pub/open/p/x?r=1a2b")
@example("", "amazon.de", "", "dp/B08N5WRWNW//?x=1")
@example("", "a.example", "", "subscribe/?ref=a&token=abc")
@example("", "a.example", "", "?token=ab%63&ref=%31&ref=1")
@example("", "a.example", "", "?source=%72ss-1&ceid=US:en")
@example("", "x.com", "", ";ceid=US:en")
@example("", "a.example", "", "?e=amFuZUBnbWFpbC5jb20=&uuid=1")
def test_the_key_of_a_key_is_itself(prefix: str, host: str, port: str, tail: str) -> None:
    for scheme in ("https", "http"):
        raw = f"{scheme}://{prefix}{host}{port}/{tail}"
        link = read_link(raw)
        assume(link is not None)
        assert link is not None
        shown, key = link
        assert link_key(f"https://{key}") == key
        assert link_key(shown) == key
        assert clean_url(shown) == shown


def test_escapes_made_of_escapes_cost_no_square_of_their_length() -> None:
    began = time.process_time()
    read_link("https://A.example/" + "%" * 2_700 + "33" * 2_690 + "41")
    assert time.process_time() - began < 1


def test_the_key_of_an_address_in_numbers_keeps_its_brackets() -> None:
    assert read_link("https://[::1]/x") == ("https://[::1]/x", "[::1]/x")


@pytest.mark.parametrize("raw", ["https://x.com@.", "https://./x", "https://..", "https://a.example:x/"])
def test_an_address_without_a_host_is_no_link(raw: str) -> None:
    assert read_link(raw) is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("https://a.example/b?x=me%40b.example&y=1", "https://a.example/b?y=1"),
        ("https://a.example/b?who=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "https://a.example/b"),
        ("https://a.example/b?email_hash=1&jwt=a.b.c&c=3", "https://a.example/b?c=3"),
        ("https://a.example/b?auth=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "https://a.example/b"),
        ("https://a.example/b?auth=basic", "https://a.example/b?auth=basic"),
        ("https://a.example/b?e=me@b.example", "https://a.example/b"),
        ("https://a.example/b?access_token=secret", "https://a.example/b"),
        (f"https://a.example/b?hasha={'0f' * 16}&hashb={'0f' * 20}&hashc={'0F' * 32}", "https://a.example/b"),
        (f"https://a.example/b?email={'0f' * 16}&x=1", "https://a.example/b?x=1"),
        ("https://a.example/b?akid=12.3456.aBc-9&x=1", "https://a.example/b?x=1"),
        ("https://a.example/b?ref=&email=&x=", "https://a.example/b?x="),
        ("https://a.example/b?mail=me@b.example", "https://a.example/b"),
        ("https://a.example/b?e=7", "https://a.example/b?e=7"),
        ("https://a.example/b#access_token=a1b2&x=1", "https://a.example/b#x=1"),
        ("https://a.example/b?c=1;access_token=a1b2", "https://a.example/b?c=1"),
        ("https://a.example/b;access_token=a1b2", "https://a.example/b"),
        (
            "https://a.example/in?next=%2Fp%3Faccess_token%3Da1b2%26id%3D3",
            "https://a.example/in?next=%2Fp%3Fid%3D3",
        ),
        ("https://a.example/in?next=%2Fp%3Fx%3Dme%2540b.example", "https://a.example/in?next=%2Fp"),
        ("https://letters.example/i/123?r=1a2b", "https://letters.example/i/123"),
        ("https://letters.example/subscribe?r=1a2b&plan=y", "https://letters.example/subscribe?plan=y"),
        ("https://letters.example/i/138?r=hkxqz", "https://letters.example/i/138"),
        ("https://letters.example/p/story?s=r&r=hkxqz&x=1", "https://letters.example/p/story?x=1"),
        ("https://mailchi.mp/x/y?e=abc", "https://mailchi.mp/x/y"),
        ("https://survey.example/s?id=jane.doe%40gmail.com&x=1", "https://survey.example/s?x=1"),
        ("https://go.example/s?cid=jane.doe@gmail.com", "https://go.example/s"),
        ("https://go.example/s?list=jane@gmail.com&page=jane@gmail.com", "https://go.example/s"),
        ("https://go.example/s?msg=me%40b.example&src=me@b.example", "https://go.example/s"),
        ("https://go.example/s?jane@gmail.com", "https://go.example/s"),
        ("https://go.example/s?c=maximilian.mustermann.schneider@web.example", "https://go.example/s"),
        ("https://go.example/s?u=1988.peter%40gmail.com&s=2024.anna@web.example&y=2", "https://go.example/s?y=2"),
        ("https://go.example/s?a=1&me%40b.example", "https://go.example/s?a=1"),
        ("https://a.example/@me/b?x=@me", "https://a.example/@me/b?x=@me"),
        (
            "https://www.linkedin.com/comm/x?midToken=a&midSig=b&eid=c&otpToken=d&rcm=e&y=1",
            "https://www.linkedin.com/comm/x?y=1",
        ),
        (f"https://a.example/x/?uuid={UUID}&key={'0f' * 32}&y=1", "https://a.example/x/?y=1"),
        (f"https://a.example/#/feedback/1/1/?uuid={UUID}&key=0f", "https://a.example/#/feedback/1/1/"),
        (f"https://a.example/x/?key={'0f' * 32}&uuid={UUID}", "https://a.example/x/"),
        (f"https://letter.example/r/1a2b3c4d?m={UUID}&utm_source=x", "https://letter.example/r/1a2b3c4d"),
        (f"https://letter.example/r/1a2b3c4d?m={UUID}", "https://letter.example/r/1a2b3c4d"),
        ("https://us1.campaign-archive.com/?u=a&id=b&e=c", "https://us1.campaign-archive.com/?u=a&id=b"),
        ("https://www.nytimes.com/x?regi_id=1&user_id=2&y=1", "https://www.nytimes.com/x?y=1"),
        ("https://a.example/b?e=amFuZUBnbWFpbC5jb20=&x=1", "https://a.example/b?x=1"),
        ("https://a.example/b?e=amFuZUBnbWFpbC5jb20%3D", "https://a.example/b"),
        (
            "https://a.example/b?redirect=https%3A%2F%2Fb.example%2F%3Fmc_eid%3Dabc",
            "https://a.example/b?redirect=https%3A%2F%2Fb.example%2F",
        ),
        (
            "https://medium.com/p/x?source=email-d0a61bd3d5d5-161-digest.reader--------0-59----",
            "https://medium.com/p/x",
        ),
        ("https://paper.example/x-4d5d6e7f?source=rss-4d5d6e7f------2", "https://paper.example/x-4d5d6e7f"),
        (f"https://link.sbstck.com/redirect/{UUID}?j=eyJ1IjoiMSJ9", f"https://link.sbstck.com/redirect/{UUID}"),
        *[
            (f"https://a.example/b?{name}=1a2b3c&x=1", "https://a.example/b?x=1")
            for name in """sh_kit _kx _ke ml_subscriber ml_subscriber_hash sfmc_sub et_rid spUserID elqTrackId sc_uid
            bxid cndid inf_contact_key dm_i accessToken authToken user_token session_token mc_eid mc_cid
            pk_campaign""".split()
        ],
    ],
)
def test_who_reads_is_neither_shown_nor_in_the_key(raw: str, shown: str) -> None:
    assert read_link(raw) == (shown, link_key(shown))


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        ("https://mobile.nytimes.com/x", ("nytimes.com/x", "mobile.nytimes.com/x")),
        ("https://a.example/bär", ("a.example/b%C3%A4r", "a.example/bär")),
        ("https://x.com/A/status/1/photo/1", ("twitter.com/a/status/1", "twitter.com/a/status/1/photo/1",
                                              "twitter.com/A/status/1/photo/1")),
        ("https://youtu.be/abc?si=1&t=2", ("youtube.com/watch?t=2&v=abc", "youtube.com/watch?v=abc&t=2")),
        ("https://x.list-manage.com/a?e=1", ("x.list-manage.com/a", "x.list-manage.com/a?e=1")),
    ],
)  # fmt: skip
def test_a_key_whose_rule_changed_is_known_by_the_old_one(raw: str, keys: tuple[str, ...]) -> None:
    assert link_keys(raw) == keys


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def quoted(url: str) -> str:
    return quote(url, safe="")


def proofpoint_2(url: str) -> str:
    hidden = quote(url, safe="").replace("-", "%2D").replace("_", "%5F").replace(".", "%2E")
    return f"https://urldefense.proofpoint.com/v2/url?u={hidden.replace('%', '-')}&d=1"


def proofpoint_3(url: str) -> str:
    """Runs of what is unsafe are `*`, or `**` and a letter for their length."""
    runs = re.findall(r"[^A-Za-z0-9._~:/?=&;,@!$-]+", url)
    body = re.sub(
        r"[^A-Za-z0-9._~:/?=&;,@!$-]+",
        lambda run: "*" if len(run[0]) == 1 else f"**{chr(ord('A') + len(run[0]) - 2)}",
        url,
    )
    return f"https://urldefense.com/v3/__{body}__;{b64(''.join(runs))}!!sig!rest$"


ENCODERS: list[Callable[[str], str]] = [
    beehiiv,
    proofpoint_2,
    proofpoint_3,
    lambda url: f"https://substack.com/redirect/2/{token({'e': url})}.sig",
    lambda url: (
        "https://email.mg2.substack.com/c/"
        + base64.urlsafe_b64encode(zlib.compress(f"l={quoted(url)}".encode())).decode()
    ),
    lambda url: f"https://click.kit-mail3.com/x/y/{b64(url)}",
    lambda url: f"https://link.paper.example/click/1.2/{b64(url)}/x",
    lambda url: f"https://abc.r.eu-west-1.awstrack.me/L0/{quoted(url)}/1/2/3=4",
    lambda url: f"https://e.customeriomail.com/e/c/{token({'href': url})}/sig",
    lambda url: f"https://mandrillapp.com/track/click/1/x?p={token({'p': json.dumps({'url': url})})}",
    lambda url: f"https://buttondown.email/c/{b64(f'u|v|{url}|me@b.example')}",
    lambda url: f"https://www.google.com/url?q={quoted(url)}",
    lambda url: f"https://eur01.safelinks.protection.outlook.com/?url={quoted(url)}&data=1",
    lambda url: f"https://urldefense.proofpoint.com/v1/url?u={quoted(url)}&k=1",
    lambda url: f"https://l.facebook.com/l.php?u={quoted(url)}",
    lambda url: f"https://www.linkedin.com/redir/redirect?url={quoted(url)}&urlhash=1",
    lambda url: f"https://www.youtube.com/redirect?q={quoted(url)}",
    lambda url: f"https://slack-redir.net/link?url={quoted(url)}",
    lambda url: f"https://linkprotect.cudasvc.com/url?a={quoted(url)}&c=E",
    lambda url: f"https://streaklinks.com/abc/{quoted(url)}",
    lambda url: f"https://12ft.io/proxy?q={quoted(url)}",
    lambda url: (
        f"https://click.pstmrk.it/3s/{quoted(url.removeprefix('https://'))}/cKtQ/YvetBQ/BQ/bb87461f/5/vsoyFcnAmQ"
    ),
    lambda url: f"https://e.paper.example/e/c/{token({'href': url})}/sig",
    lambda url: f"https://www.linkedin.com/safety/go?url={quoted(url)}&trk=x",
    lambda url: f"https://www.linkedin.com/redir/general-malware-page?url={quoted(url)}",
    lambda url: f"https://l.instagram.com/?u={quoted(url)}&e=AT0",
    lambda url: f"https://l.threads.net/?u={quoted(url)}&e=AT0",
    lambda url: f"https://l.messenger.com/l.php?u={quoted(url)}&h=AT0",
    lambda url: f"https://medium.com/r/?url={quoted(url)}",
    lambda url: f"https://t.umblr.com/redirect?z={quoted(url)}&t=abc",
    lambda url: f"https://disq.us/url?url={quoted(url)}%3AtJmgJXkLPCVdvzXpJSyDLRtWHe8&cuid=1",
    lambda url: f"https://vk.com/away.php?to={quoted(url)}",
    lambda url: f"https://duckduckgo.com/l/?uddg={quoted(url)}&rut=0f",
    lambda url: f"https://steamcommunity.com/linkfilter/?url={quoted(url)}",
    lambda url: f"https://steamcommunity.com/linkfilter/?u={quoted(url)}",
    lambda url: f"https://sli.bloomberg.com/click?url={quoted(url)}&x=1",
    lambda url: f"https://eu-central-1.protection.sophos.com/?d=a.example&u={b64(url)}&i=NWY1&h=5c",
    lambda url: (
        f"https://statics.teams.cdn.office.net/evergreen-assets/safelinks/1/atp-safelinks.html?url={quoted(url)}&x=1"
    ),
]


@pytest.mark.parametrize("number", range(len(ENCODERS)))
def test_each_tracker_within_itself_is_undone(number: int) -> None:
    url = "https://a.example/b_c-d?e=f%20g&h=*i#j"
    assert unwrap(ENCODERS[number](ENCODERS[number](url))) == url


@given(st.lists(st.sampled_from(ENCODERS), max_size=8), st.text("abz019-_.~%20é&=/?#*", max_size=20))
def test_trackers_around_each_other_in_any_order_are_undone(encoders: list[Callable[[str], str]], tail: str) -> None:
    url = wrapped = f"https://a.example/{tail}"
    for encode in encoders:
        wrapped = encode(wrapped)
        assume(len(wrapped) < 8_000)
    assert unwrap(wrapped) == url


@pytest.mark.parametrize(
    ("wrapped", "url"),
    [
        ("https://urldefense.com/v3/__https://a.example/b*c__;Iw!!s!r$", "https://a.example/b#c"),
        ("https://urldefense.com/v3/__https://a.example/**Ab__;IyM!!s!r$", "https://a.example/##b"),
        ("https://urldefense.com/v3/__https:/a.example/b__;!!s!r$", "https://a.example/b"),
        ("https://urldefense.proofpoint.com/v1/url?u=https%3A%2F%2Fa.example%2Fb&k=1", "https://a.example/b"),
        ("https://www.linkedin.com/redir/redirect?url=https%3A%2F%2Fa.example%2Fb", "https://a.example/b"),
        ("https://slack-redir.net/link?url=https%3A%2F%2Fa.example%2Fb", "https://a.example/b"),
        ("https://linkprotect.cudasvc.com/url?a=https%3A%2F%2Fa.example%2Fb&c=E,1", "https://a.example/b"),
        ("https://www.google.com/amp/s/a.example/b?c=d", "https://a.example/b?c=d"),
        ("https://www.google.com/amp/a.example/b?c=d", "http://a.example/b?c=d"),
        ("https://url.avanan.click/v2/___https:/a.example/b___.YXAzOmE6cDpU", "https://a.example/b"),
        ("https://url.avanan.click/v2/r01/___https://a.example/b?c=d#e___.YXAzOmE6cDpU", "https://a.example/b?c=d#e"),
        (
            "https://protect.checkpoint.com/v2/___https://url.avanan.click/v2/___https://a.example/b___.YX___.YXAz",
            "https://a.example/b",
        ),
        ("https://click.pstmrk.it/2m/a.example%2Fb/IcdLhjgN/aBUu/s4nyNAM1u2/c3Rv", "http://a.example/b"),
    ],
)
def test_odd_trackers_are_undone(wrapped: str, url: str) -> None:
    assert unwrap(wrapped) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/shareArticle?url=https%3A%2F%2Fa.example%2Fb",
        "https://www.instagram.com/p/x?u=https%3A%2F%2Fa.example%2Fb",
        "https://www.google.com/amp/about",
        "https://news.sophos.com/?u=aHR0cHM6Ly9hLmV4YW1wbGU",
        "https://a.example/e/c/x/y",
        "https://research.checkpoint.com/2024/___a___.b",
        "https://click.pstmrk.it/open",
    ],
)
def test_other_pages_of_such_hosts_stay_as_they_are(url: str) -> None:
    assert unwrap(url) == url


def test_real_links_that_hide_their_destination_stay_as_they_are(corpus: Path) -> None:
    rows = [json.loads(line) for line in (corpus / "wrapped_links.jsonl").read_text().splitlines()]
    opaque = [row["wrapped"] for row in rows if row["destination"] is None]
    assert opaque
    assert [unwrap(wrapped) for wrapped in opaque] == opaque


@pytest.mark.parametrize(
    "url",
    [
        "https://calendar.google.com/calendar/embed?src=team%40group.calendar.google.com&ctz=Europe",
        "https://social.example/.well-known/webfinger?resource=acct:me@x.example",
        "https://keys.example/search?q=dev@project.example",
        "https://social.example/authorize_interaction?uri=me@mastodon.example",
        "https://list.example/archive?msg=20240131093015.abc@mail.example.org",
        "https://wiki.example/index.php?title=a@b.example.com",
        "https://calendar.google.com/calendar/u/0?cid=de.german%23holiday@group.v.calendar.google.com",
        "https://list.example/t/?id=CAHk-%3DwgZ7dYqnL0pQ2x8AbCdEf0gH@mail.gmail.com",
        "https://code.example/commits?author=dev@project.example",
        "https://calendar.google.com/calendar/embed?src=events%40company.example&ctz=Europe",
        "https://mail.google.com/mail/?view=cm&to=press@x.example&su=Hi",
        "https://shop.example/p/sku?s=large&r=4",
        "https://a.example/i/5?r=top",
        "https://a.example/subscribers/list?r=5",
        "https://jobs.example/vacancy?ref=1234",
        "https://news.google.com/rss/articles/a?hl=en-US&gl=US&ceid=US:en",
        "https://a.example/b?pk_id=12&mc_id=3",
        "https://a.example/b?eid=1&rcm=2&user_id=3&uuid=4&key=5",
        "https://a.example/r/list?m=may",
        "https://a.example/subscribe?ref=AbC123",
        "https://a.example/b?source=rss",
        "https://a.example/b?id=dGhlIGxvYWYgaXMgcmVhZHk=",
    ],
)
def test_a_parameter_that_says_what_is_asked_for_stays_whatever_it_looks_like(url: str) -> None:
    read = read_link(url)
    assert read is not None
    assert read[0] == url


def test_separators_that_were_escaped_twice_are_separators() -> None:
    plain = read_link("https://a.example/?a=1&b=2")
    assert read_link("https://a.example/?a=1&amp;b=2") == plain
    assert read_link("https://a.example/?a=1&amp;amp;b=2") == plain
    nested = read_link("https://a.example/?x=https%3A%2F%2Fb.example%2F%3Fa%3D1%26b%3D2")
    assert nested == read_link(
        "https://a.example/?x=https%3A%2F%2Fb.example%2F%3Fa%3D1%26amp%3Butm_source%3Dx%26amp%3Bb%3D2"
    )
    assert clean_url("https://a.example/#a=1&amp;access_token=x1&amp;b=2") == "https://a.example/#a=1&b=2"
    assert read_link("https://a.example/?a=1&amp;utm_source=n&amp;b=2") == plain
    assert read_link("https://a.example/?utm_source=n&amp;a=1&amp;access_token=a1b2&amp;b=2") == plain


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/doc;access_token=a1b2/page/2", "https://a.example/doc/page/2"),
        ("https://a.example/download;user_token=1/file.pdf", "https://a.example/download/file.pdf"),
        ("https://a.example/doc;lang=en;access_token=a1b2/page", "https://a.example/doc;lang=en/page"),
    ],
)
def test_a_reader_within_a_path_takes_none_of_the_rest_along(url: str, shown: str) -> None:
    read = read_link(url)
    assert read is not None
    assert read[0] == shown


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://bücher.example/x", "xn--bcher-kva.example/x"),
        ("https://b%C3%BCcher.example/x", "xn--bcher-kva.example/x"),
        ("https://例え.example/y?a=ü", "xn--r8jz45g.example/y?a=%C3%BC"),
        ("https://a.example/ü", "a.example/%C3%BC"),
        ("https://a.example/x^y?q=100%", "a.example/x^y?q=100%"),
    ],
)
def test_an_address_has_one_key_in_every_format(address: str, key: str) -> None:
    written = [
        (f"# T\n\n[the mill story]({address})\n", "md"),
        (f"# T\n\nSee {address} now.\n", "md"),
        (f"# T\n\n[the mill story][1]\n\n[1]: {address}\n", "md"),
        (f'<h1>T</h1><p><a href="{address}">the mill story</a></p>', "html"),
    ]
    for text, kind in written:
        (issue,) = read_newsletter(text.encode(), source=f"issue.{kind}")
        assert [link.key for link in issue.links] == [key], text


@pytest.mark.parametrize("address", ["https://a%2Fb.example/x", "https://a%FF.example/", "https://a%40b.example/"])
def test_a_host_that_is_none_when_it_is_decoded_is_no_address(address: str) -> None:
    assert read_link(address) is None
