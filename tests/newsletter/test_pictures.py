"""Pictures: none of them counts readers or names one, and the first real one leads."""

import time
from urllib.parse import urljoin

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter

LOAF = "https://a.example/loaf.png"


def read(body: str, *, name: str = "x.html") -> Issue:
    text = f"<h1>T</h1><p>Bread.</p>{body}" if name == "x.html" else f"# T\n\nBread.\n\n{body}\n"
    return read_newsletter(text.encode(), source=name, base_url="https://www.letter.example/p/x")[0]


@pytest.mark.parametrize(
    "pixel",
    [
        '<img src="https://track.example/a?email=jane%40gmail.com" style="display:none;width:1px;height:1px">',
        '<img src="https://track.example/a" width="1px" height="1px">',
        '<img src="https://track.example/a" style="height:1px !important">',
        '<img src="https://track.example/a" style="border:0; width: 0.5px">',
        '<img src="https://track.example/a" STYLE="Display: None">',
        '<img src="https://track.example/a" hidden>',
        '<img src="https://x.mail.beehiiv.com/ss/o/abc/def/ho.gif">',
        '<img src="https://stats.example/matomo.php?idsite=1&rec=1">',
        '<img src="https://x.list-manage.com/track/open.php?u=1&e=2">',
        '<img src="https://email.mg.letter.example/o/eJwVz">',
        '<img src="https://eotrx.substackcdn.com/open?token=abc">',
    ],
)
def test_what_counts_readers_is_no_picture(pixel: str) -> None:
    issue = read(f'{pixel}<p><img src="{LOAF}"></p>')
    assert (issue.image_url, [image.url for image in issue.images]) == (LOAF, [LOAF])


def test_a_counter_in_a_markdown_issue_is_no_picture() -> None:
    issue = read(f"![](https://eotrx.substackcdn.com/open?token=abc)\n\n![]({LOAF})", name="x.md")
    assert (issue.image_url, [image.url for image in issue.images]) == (LOAF, [LOAF])


@pytest.mark.parametrize(
    "src",
    [
        "https://a.example/open.png",
        "https://a.example/b/o/loaf.png",
        "https://b.s3.amazonaws.com/loaf.jpg?X-Amz-Credential=A%2F1%2Faws4_request&X-Amz-Signature=abc",
        "https://x.imgix.net/loaf.jpg?w=100&s=0123456789abcdef",
        "https://substackcdn.com/image/fetch/$s_!Ab1!,w_1456,f_auto,q_auto:good/https%3A%2F%2Fa.example%2Floaf.png",
        "https://firebasestorage.googleapis.com/v0/b/x/o/loaf.png?alt=media&token=aaaa-bbbb",
        "https://x.supabase.co/storage/v1/object/sign/loaf.png?token=eyJhb.eyJ1.abc",
        "https://storage.googleapis.com/loaf.png?Expires=1&Signature=a%3D&GoogleAccessId=x@y.iam.gserviceaccount.com",
    ],
)
def test_a_picture_keeps_what_its_host_asks_for(src: str) -> None:
    assert [image.url for image in read(f'<p><img src="{src.replace("&", "&amp;")}"></p>').images] == [src]


@pytest.mark.parametrize("name", ["x.html", "x.md"])
def test_the_address_of_a_picture_names_no_reader(name: str) -> None:
    src = f"{LOAF}?w=600&token=X&email=jane@gmail.com"
    issue = read(f'<p><img src="{src}"></p>' if name == "x.html" else f"![]({src})", name=name)
    assert (issue.image_url, [image.url for image in issue.images]) == (f"{LOAF}?w=600", [f"{LOAF}?w=600"])


@pytest.mark.parametrize(
    "icon",
    [
        '<img class="kg-bookmark-icon" src="https://b.example/i.png">',
        '<img class="embedded-post-publication-logo" src="https://b.example/i.png">',
        '<img class="tweet-user-avatar" src="https://b.example/i.png">',
        '<img class="icon" width="18" height="18" src="https://b.example/LucideHeart.png">',
        '<img src="https://cdn-images.mailchimp.com/icons/social-block-v2/color-twitter-48.png">',
        '<img src="https://b.example/favicon.png">',
        '<img width="99" src="https://b.example/i.png">',
        '<img style="width:24px" src="https://b.example/i.png">',
    ],
)
def test_an_icon_leads_nothing(icon: str) -> None:
    issue = read(f'<p>{icon}</p><p><img style="max-width:24px;width:100%" width="600" src="{LOAF}"></p>')
    assert issue.image_url == LOAF
    assert len(issue.images) == 2


def test_each_linked_picture_of_a_block_names_its_own_link() -> None:
    issue = read(
        f'<p><a href="https://a.example/1"><img src="{LOAF}" alt="Rye"></a>'
        f'<a href="https://a.example/2"><img src="{LOAF}" alt="Oats"></a></p>'
    )
    assert [link.title for link in issue.links] == ["Rye", "Oats"]


MEDIA = "xmlns:media='http://search.yahoo.com/mrss/' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
HERO = "https://a.example/hero.jpg"


def lead(named: str, body: str = f'<p><img src="{LOAF}"></p>') -> str | None:
    text = (
        f"<rss version='2.0' {MEDIA}><channel><title>W</title><link>https://www.letter.example/</link><item>"
        f"<title>T</title><link>https://www.letter.example/p/x</link>{named}"
        f"<content:encoded><![CDATA[<p>Hi</p>{body}]]></content:encoded></item></channel></rss>"
    )
    return read_newsletter(text.encode(), source="x.xml")[0].image_url


@pytest.mark.parametrize(
    "named",
    [
        f"<media:content url='https://1.gravatar.com/avatar/9?s=64' medium='image'/><media:content url='{HERO}'/>",
        f"<media:content url='{HERO}'/>",
        "<media:content url='https://a.example/hero.jpg'/><media:content url='https://a.example/say.mp3'/>",
        f"<media:content url='https://a.example/film.mp4'/><media:content url='{HERO}' type='image/jpeg'/>",
        f"<enclosure url='{HERO}' length='0' type='application/octet-stream'/>",
        f"<enclosure url='https://a.example/a.mp3' type='audio/mpeg'/><enclosure url='{HERO}' type=''/>",
        f"<media:thumbnail url='https://a.example/t.png' width='72' height='72'/><media:content url='{HERO}'/>",
        (
            f"<media:group><media:content url='https://a.example/s.jpg' medium='image' width='320'/>"
            f"<media:content url='{HERO}' medium='image' width='1400'/></media:group>"
        ),
        (
            f"<media:content url='https://a.example/w.jpg' medium='image' width='1400'/>"
            f"<media:content url='{HERO}' medium='image' width='800' isDefault='true'/>"
        ),
        (
            f"<media:content url='https://avatars.githubusercontent.com/u/1' medium='image'/>"
            f"<media:content url='{HERO}' medium='image'/>"
        ),
        f"<media:content url='https://pbs.twimg.com/profile_images/1/x.jpg'/><media:thumbnail url='{HERO}'/>",
    ],
)
def test_the_named_picture_is_the_widest_that_shows_something(named: str) -> None:
    assert lead(named) == HERO


@pytest.mark.parametrize(
    "named",
    [
        "<media:thumbnail url='https://c.example/1.gif' width='1' height='1'/>",
        "<media:content url='https://a.example/say.m4a'/>",
        "<enclosure url='https://a.example/a.pdf' type='application/octet-stream'/>",
        "<media:content url='https://a.example/small.jpg' medium='image' width='96' height='60'/>",
        "<media:content url='https://stats.example/matomo.php?idsite=1&amp;rec=1' medium='image'/>",
        "<media:content url='https://secure.gravatar.com/avatar/2' medium='image'/>",
    ],
)
def test_where_the_source_names_none_the_body_s_picture_leads(named: str) -> None:
    assert lead(named) == LOAF


@pytest.mark.parametrize(
    "markup",
    [
        f'<img srcset="https://a.example/s.jpg 400w, {LOAF} 1600w, https://a.example/m.jpg 800w">',
        f'<img srcset="https://a.example/s.jpg, {LOAF} 2x">',
        f'<img src="data:image/gif;base64,R0lGOD" srcset="{LOAF} 900w">',
        f'<img src="/wp-content/blank.gif" data-lazy-src="{LOAF}">',
        f'<img src="https://a.example/placeholder.png" data-original="{LOAF}">',
        f'<img class="lazyload" data-src="{LOAF}">',
        f'<img src="https://a.example/1x1.gif" data-srcset="https://a.example/s.jpg 1x, {LOAF} 3x">',
        f'<picture><source srcset="https://a.example/s.webp 400w, {LOAF} 1600w"><img alt="x"></picture>',
        f'<img src="data:image/png;base64,iVBO" class="lazy"><noscript><img src="{LOAF}"></noscript>',
        f'<picture><source data-srcset="{LOAF}"><img src="data:image/svg+xml,%3Csvg%3E"></picture>',
        f'<picture><source srcset="https://a.example/loaf.webp"><img src="{LOAF}"></picture>',
        f'<img src="{LOAF}" srcset="https://a.example/s.jpg 400w, https://a.example/l.jpg 1600w">',
        f'<img src="{LOAF}" data-url="https://a.example/p/9" data-original="/2.jpg" data-srcset="/3.jpg 900w">',
        f'<img src="#" data-src=" {LOAF} ">',
        f'<img data-lazy="true" data-original="A loaf / a bun" data-url="{LOAF}">',
        f'<img data-lazy-src="/img/blank.gif" data-src="{LOAF}">',
        f'<picture><source data-lazy-srcset="{LOAF} 2x"><img src="/spacer.gif"></picture>',
        f'<img srcset=",, https://a.example/s.jpg 1x,{LOAF} 3x 90h, https://a.example/b.jpg 9q, /pixel.png 5x">',
        f'<picture><source srcset="{LOAF}"><img></picture>',
    ],
)
def test_the_picture_is_the_one_a_reader_sees_in_the_end(markup: str) -> None:
    issue = read(f"<div>{markup}</div>")
    assert (issue.image_url, [image.url for image in issue.images]) == (LOAF, [LOAF])


@pytest.mark.parametrize("src", ["https://a.example/my loaf.png", "loaf of rye.png", "/loaf of rye.png?v=1"])
@pytest.mark.parametrize("name", ["src", "data-src"])
def test_blanks_within_the_address_of_a_picture_are_escaped(src: str, name: str) -> None:
    url = urljoin("https://www.letter.example/p/x", src.replace(" ", "%20"))
    assert [image.url for image in read(f'<img {name}="{src}">').images] == [url]


@pytest.mark.parametrize(
    "name",
    """google-pixel.png google_pixel.png pixel-9.png sky-clear.png wheel-loader.png verse-blank.jpg blank-verse.jpg
    point-blank.webp half-empty.png lazy-dog.png hero-1x1.png crystal_clear.svg css-placeholder.png""".split(),
)
def test_a_picture_with_a_placeholders_word_in_its_name_is_one(name: str) -> None:
    assert [image.url for image in read(f'<img src="/{name}">').images] == [f"https://www.letter.example/{name}"]


@pytest.mark.parametrize(
    "name",
    """blank.gif img/pixel.png clear.gif 1x1.png transparent.png lazy_placeholder.gif placeholder-300x200.png
    image-placeholder.jpg transparent-1x1.gif pixel1x1.gif LazyLoad.svg loading.gif?v=1 empty.svg#x""".split(),
)
def test_what_is_named_as_a_placeholder_is_no_picture(name: str) -> None:
    assert [image.url for image in read(f'<img src="/{name}"><img src="{LOAF}">').images] == [LOAF]


def test_a_source_is_offered_for_one_picture_alone() -> None:
    issue = read(f'<picture><source srcset="{LOAF}"><img alt="Rye"><img alt="Oats"></picture>')
    assert [image.alt for image in issue.images] == ["Rye"]


def test_a_set_of_sources_with_commas_in_its_addresses_is_read() -> None:
    url = "https://substackcdn.example/image/fetch/w_1456,c_limit/https%3A%2F%2Fa.example%2Floaf.png"
    assert read(f'<img srcset="{url.replace("1456", "424")} 424w, {url} 1456w">').image_url == url


@pytest.mark.parametrize(
    "page",
    [
        "<meta property='og:image' content='https://secure.gravatar.com/avatar/1'>",
        "<meta property='og:image' content='https://a.example/f.png'><meta property='og:image:width' content='48'>",
    ],
)
def test_a_page_is_not_led_by_a_portrait_or_an_icon(page: str) -> None:
    text = f"<html><head><title>T</title>{page}</head><body><p>Bread.</p><img src='{LOAF}'></body></html>"
    assert read_newsletter(text.encode(), source="x.html")[0].image_url == LOAF


def test_an_alternative_text_that_repeats_the_title_is_none() -> None:
    issue = read(
        f'<figure><a href="https://b.example/full"><img src="{LOAF}" alt="T"></a><figcaption>A rye loaf</figcaption>'
        f'</figure><p><a href="https://b.example/2"><img src="{LOAF}" alt=" t "></a></p>'
    )
    assert [image.alt for image in issue.images] == ["", ""]
    assert issue.links[0].title == "A rye loaf"
    assert "T" not in [link.title for link in issue.links]


def test_many_sources_take_no_long_time() -> None:
    began = time.process_time()
    for sources in ("a," * 500_000, "a " * 500_000, "," * 1_000_000, "https://a.example/x.png 1w, " * 40_000):
        read(f'<img srcset="{sources}">')
    read(f'<picture><source srcset="{"a," * 10_000}">{"<img>" * 50_000}</picture>')
    assert time.process_time() - began < 6
