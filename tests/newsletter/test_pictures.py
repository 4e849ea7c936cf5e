"""Pictures: none of them counts readers or names one, and the first real one leads."""

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
