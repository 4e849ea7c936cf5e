"""Videos within a text: a link to where each is watched, for a frame shows nothing in a message.

A rule is an entry of `EMBEDS`, with where it is documented, what it makes of an address, and addresses it leaves alone.
"""

import html
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from bot.newsletter.addresses.links import link_key

# up to the next tag: however many are not closed, each is looked at once
_FRAME = re.compile(
    r"<(?:(?P<name>iframe|(?:lite|amp)-youtube)\b"
    r"(?P<said>(?>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*)|[^<>]*+)>"
    r"|video\b(?P<video>[^<>]{0,3000}+)>(?P<inner>(?>(?:[^<]|<(?!/video)){0,2000})))",
    re.IGNORECASE,
)
_SOURCE = re.compile(r"<source\b([^<>]*+)", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]++)(?>(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++)))?)")
_LINKED = re.compile(
    r"\shref\s*+=\s*+(?:\"([^\"<>]{1,2000}+)\"|'([^'<>]{1,2000}+)'|([^\s\"'<>]{1,2000}+))", re.IGNORECASE
)
_WATCHED = re.compile(
    r"((?:(?:vimeo|dailymotion|loom|ted|streamable)\.com|(?:clips\.)?twitch\.tv)/[^?]+)\?"
    r"|youtube\.com/watch\?(?:.*&)?(v=[\w-]+)"
)
_NO_TITLE = re.compile(r"\b(?:video player|player|embed(?:ded)?|iframe|youtube video|vimeo video)\b", re.IGNORECASE)
_SHORTEST_TITLE = 3
_SOURCES_OF_FRAMES = ("src", "data-src", "data-lazy-src")


@dataclass(frozen=True, slots=True)
class Embed:
    """Where one service's frames come from, and the address at which the same is watched (a template of the groups).

    name: what the link is called where nothing else is known. specimens: addresses of frames, and what they become.
    others: addresses that look alike and are left alone.
    """

    name: str
    pattern: re.Pattern[str]
    watched: str
    source: str
    specimens: tuple[tuple[str, str], ...]
    others: tuple[str, ...]


EMBEDS = (
    Embed(
        "Video on YouTube",
        re.compile(r"(?:www\.)?youtube(?:-nocookie)?\.com/(?:embed|v|live)/(?!videoseries|live_stream)([\w-]{6,20})"),
        r"https://www.youtube.com/watch?v=\1",
        "https://developers.google.com/youtube/player_parameters",
        (
            ("https://www.youtube.com/embed/dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
            ("https://www.youtube-nocookie.com/embed/a-b_c1D2e3F?rel=0", "https://www.youtube.com/watch?v=a-b_c1D2e3F"),
            ("//www.youtube.com/embed/dQw4w9WgXcQ?feature=oembed", "https://www.youtube.com/watch?v=dQw4w9WgXcQ"),
        ),
        ("https://www.youtube.com/embed/live_stream?channel=UC1", "https://youtube.example/embed/dQw4w9WgXcQ"),
    ),
    Embed(
        "Videos on YouTube",
        re.compile(r"(?:www\.)?youtube(?:-nocookie)?\.com/embed/videoseries\?(?:[^#]*&)?list=([\w-]{2,60})"),
        r"https://www.youtube.com/playlist?list=\1",
        "https://developers.google.com/youtube/player_parameters",
        (("https://www.youtube.com/embed/videoseries?list=PL12", "https://www.youtube.com/playlist?list=PL12"),),
        ("https://www.youtube.com/embed/videoseries",),
    ),
    Embed(
        "Video on Vimeo",
        re.compile(r"player\.vimeo\.com/video/(\d{4,15})\?(?:[^#]*&)?h=([0-9a-f]{6,20})\b"),
        r"https://vimeo.com/\1/\2",
        "https://developer.vimeo.com/player/sdk/embed",
        (("https://player.vimeo.com/video/76979871?h=8272103f6e&color=fff", "https://vimeo.com/76979871/8272103f6e"),),
        ("https://player.vimeo.com/video/76979871/config",),
    ),
    Embed(
        "Video on Vimeo",
        re.compile(r"player\.vimeo\.com/video/(\d{4,15})(?![\w/])"),
        r"https://vimeo.com/\1",
        "https://developer.vimeo.com/player/sdk/embed",
        (("https://player.vimeo.com/video/76979871", "https://vimeo.com/76979871"),),
        ("https://player.vimeo.com/external/76979871.hd.mp4",),
    ),
    Embed(
        "Video on Dailymotion",
        re.compile(
            r"(?:www\.dailymotion\.com/embed/video/|geo\.dailymotion\.com/player(?:/\w+)?\.html\?(?:[^#]*&)?video=)"
            r"([a-z0-9]{5,12})\b"
        ),
        r"https://www.dailymotion.com/video/\1",
        "https://developers.dailymotion.com/guides/getting-started-with-web-sdk/",
        (
            ("https://www.dailymotion.com/embed/video/x7tgad0?autoplay=0", "https://www.dailymotion.com/video/x7tgad0"),
            ("https://geo.dailymotion.com/player.html?video=x7tgad0", "https://www.dailymotion.com/video/x7tgad0"),
        ),
        ("https://geo.dailymotion.com/player.html?playlist=x5nmbq",),
    ),
    Embed(
        "Video on Loom",
        re.compile(r"www\.loom\.com/embed/([0-9a-f]{32})\b"),
        r"https://www.loom.com/share/\1",
        "https://support.loom.com/hc/en-us/articles/360002208317",
        (
            (
                "https://www.loom.com/embed/0281766fa2d04bb788eaf19e65135184?sid=1",
                "https://www.loom.com/share/0281766fa2d04bb788eaf19e65135184",
            ),
        ),
        ("https://www.loom.com/embed/folder",),
    ),
    Embed(
        "Talk on TED",
        re.compile(r"embed\.ted\.com/talks/(?:lang/[\w-]{2,8}/)?([a-z0-9_]{3,150})(?![\w/])"),
        r"https://www.ted.com/talks/\1",
        "https://www.ted.com/about/our-organization/our-policies-terms/ted-talks-usage-policy",
        (("https://embed.ted.com/talks/ken_robinson", "https://www.ted.com/talks/ken_robinson"),),
        ("https://embed.ted.com/playlists/1",),
    ),
    Embed(
        "Video on Twitch",
        re.compile(r"player\.twitch\.tv/\?(?:[^#]*&)?video=v?(\d{6,15})\b"),
        r"https://www.twitch.tv/videos/\1",
        "https://dev.twitch.tv/docs/embed/video-and-clips/",
        (("https://player.twitch.tv/?video=v40464143&parent=a.example", "https://www.twitch.tv/videos/40464143"),),
        ("https://player.twitch.tv/?channel=somebody&parent=a.example",),
    ),
    Embed(
        "Clip on Twitch",
        re.compile(r"clips\.twitch\.tv/embed\?(?:[^#]*&)?clip=([\w-]{4,100})"),
        r"https://clips.twitch.tv/\1",
        "https://dev.twitch.tv/docs/embed/video-and-clips/",
        (("https://clips.twitch.tv/embed?clip=Great-Loaf_1&parent=a.example", "https://clips.twitch.tv/Great-Loaf_1"),),
        ("https://clips.twitch.tv/embed",),
    ),
    Embed(
        "Video on Streamable",
        re.compile(r"streamable\.com/[eo]/([a-z0-9]{4,10})\b"),
        r"https://streamable.com/\1",
        "https://support.streamable.com/article/46-streamable-api",
        (("https://streamable.com/e/moo4x", "https://streamable.com/moo4x"),),
        ("https://streamable.com/login",),
    ),
    Embed(
        "Video",
        re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+){1,5})/videos/embed/([\w-]{20,40})(?![\w/])"),
        r"https://\1/videos/watch/\2",
        "https://docs.joinpeertube.org/api/embed-player",
        (
            (
                "https://tube.example/videos/embed/9c9de5e8-0a1e-484a-b099-e80766180a6d?title=0",
                "https://tube.example/videos/watch/9c9de5e8-0a1e-484a-b099-e80766180a6d",
            ),
        ),
        ("https://tube.example/videos/embed/",),
    ),
)
_AROUND = re.compile(r"(?:cdn\.embedly\.com/widgets/media\.html|(?:www\.)?facebook\.com/plugins/video\.php)\?")
"""Frames that hold the address of the page: Embedly's, and Facebook's plugin."""

_SCHEME = re.compile(r"(?:https?:)?//", re.IGNORECASE)


def with_links_of_videos(source: str) -> str:
    """The HTML with a link before each embedded video, unless one leads there already, however it is written."""
    if not ("<iframe" in source or "<video" in source or "-youtube" in source or "<IFRAME" in source):
        return source
    linked: set[str] = set()

    def linked_and_shown(found: re.Match[str]) -> str:
        named = _named(found)
        if named is None:
            return found[0]
        if not linked:
            linked.update(_key(html.unescape("".join(each))) for each in _LINKED.findall(source))
        words, address = named
        key = _key(address)
        if key in linked:
            return found[0]
        linked.add(key)
        return f'<p><a href="{html.escape(address)}">{html.escape(words)}</a></p>{found[0]}'

    return _FRAME.sub(linked_and_shown, source)


def _key(address: str) -> str:
    """What makes two addresses lead to one video, from wherever in it; of a relative one what is written."""
    key = link_key(address) or address.strip()
    watched = _WATCHED.match(key)
    return key if watched is None else watched[1] or f"youtube.com/watch?{watched[2]}"


def _named(found: re.Match[str]) -> tuple[str, str] | None:
    """What the link is called and where it leads."""
    if found["video"] is not None:
        tag = found["video"].lower()
        if "loop" in tag and ("muted" in tag or "autoplay" in tag) and "controls" not in tag:
            return None  # a picture that moves
        tags = [found["video"], *_SOURCE.findall(found["inner"])]
        files = (_attributes(each).get("src", "") for each in tags)
        file = next((each for each in files if each and not each.lower().startswith(("blob:", "data:"))), None)
        return ("Video", file) if file is not None else None
    said = _attributes(found["said"])
    if found["name"].lower() == "iframe":
        sources = (said.get(name, "") for name in _SOURCES_OF_FRAMES)
        embedded = next((each for each in sources if _SCHEME.match(each)), "")
    else:
        embedded = f"https://www.youtube.com/embed/{said.get('videoid') or said.get('data-videoid', '')}"
    named = _watched(embedded)
    if named is None:
        return None
    words = said.get("title", "")
    return (words if len(words) >= _SHORTEST_TITLE and not _NO_TITLE.search(words) else named[0]), named[1]


def _attributes(tag: str) -> dict[str, str]:
    """The attributes within a tag, without blanks around them; the first of a name counts."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(tag):
        found.setdefault(name.lower(), html.unescape("".join(values)).strip())
    return found


def _watched(embedded: str) -> tuple[str, str] | None:
    """What a frame's video is called, and where it is watched; None for any other frame."""
    address = _SCHEME.sub("", embedded)
    if (around := _AROUND.match(address)) is not None:
        fields = parse_qs(address[around.end() :])
        page = (fields.get("url") or fields.get("href") or [""])[0]
        return ("Video", page) if page.startswith("https://") else None
    for each in EMBEDS:
        played = each.pattern.match(address)
        if played is not None:
            return each.name, played.expand(each.watched)
    return None
