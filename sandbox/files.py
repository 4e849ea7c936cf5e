"""Files: what the bot or a person uploads, and the addresses they are served from (the CDN's part)."""

import struct
import zlib
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from functools import lru_cache
from math import sin, tau
from mimetypes import guess_type
from pathlib import PurePosixPath
from random import Random
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from sandbox import model, payloads
from sandbox.world import World


@dataclass(slots=True, frozen=True)
class Upload:
    """A file on its way in; `index` is its number in `files[n]`."""

    index: str
    filename: str
    data: bytes
    content_type: str | None = None


def stored(
    world: World, upload: Upload, channel: model.Channel, described: dict[str, Any], *, ephemeral: bool = False
) -> model.Attachment:
    """Keep the file; gives the attachment with its measure if it is a PNG or GIF."""
    name = str(described.get("filename") or upload.filename)
    name = PurePosixPath(name).name.replace(" ", "_") or "file"
    if described.get("is_spoiler") and not name.startswith("SPOILER_"):
        name = f"SPOILER_{name}"
    width, height = measure(upload.data)
    kind = upload.content_type if upload.content_type not in (None, "application/octet-stream") else None
    one = model.Attachment(
        world.new_id(),
        channel.id,
        name,
        upload.data,
        kind or guess_type(name)[0] or "application/octet-stream",
        described.get("description"),
        width,
        height,
        ephemeral,
    )
    world.attachments[one.id] = one
    return one


def measure(data: bytes) -> tuple[int | None, int | None]:
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:4] == b"GIF8" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    return None, None


@lru_cache(maxsize=64)
def png(seed: str = "sandbox", size: int = 32) -> bytes:
    """A small square picture in a colour that follows from the seed."""
    colour = struct.pack(">I", zlib.crc32(seed.encode()))[:3]
    return _png(size, size, b"".join(b"\x00" + colour * size for _ in range(size)))


def _png(width: int, height: int, rows: bytes) -> bytes:
    """RGB, eight bits each; every row begins with a zero byte (no filter)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@lru_cache(maxsize=64)
def landscape(seed: str, width: int = 480, height: int = 240) -> bytes:
    """A picture for an article: a sky, a sun, three rows of hills; their colours and places follow from the seed."""
    dice = Random(seed)
    hue = dice.random()
    tones = [_tone(hue + 0.08 * number, 0.35 + 0.12 * number, 0.85 - 0.2 * number) for number in range(4)]
    sun = (dice.uniform(0.15, 0.85) * width, dice.uniform(0.15, 0.4) * height, height / 11)
    waves = [(dice.uniform(0.6, 1.8), dice.uniform(0, tau), dice.uniform(0.03, 0.09) * height) for _ in range(3)]
    columns = [
        [(0.5 + 0.17 * row) * height + high * sin(tau * often * x / width + shift) for x in range(width)]
        for row, (often, shift, high) in enumerate(waves)
    ]
    body = bytearray()
    for y in range(height):
        body.append(0)
        for x in range(width):
            level = sum(y > column[x] for column in columns)
            lit = level == 0 and (x - sun[0]) ** 2 + (y - sun[1]) ** 2 < sun[2] ** 2
            body += b"\xff\xf3\xd6" if lit else tones[level]
    return _png(width, height, bytes(body))


def _tone(hue: float, saturation: float, value: float) -> bytes:
    return bytes(round(255 * part) for part in hsv_to_rgb(hue % 1, saturation, value))


_RASTER = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
# The page is served from the same origin: whatever somebody uploads must not run in it.
_HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
_AS_A_FILE = {**_HARMLESS, "Content-Disposition": "attachment"}
PICTURES = ("avatars", "embed", "icons", "emojis", "banners", "role-icons", "app-icons", "guilds")


def serve(world: World, request: web.BaseRequest) -> web.Response:
    """Answer a request for a file; links to attachments expire after a day and their signature must fit."""
    path = request.path
    if path.startswith("/attachments/"):
        return _attachment(world, path, dict(request.query))
    if path.split("/", 2)[1] in PICTURES:
        return web.Response(body=png(path), content_type="image/png")
    return web.Response(status=404, text="not found")


def _attachment(world: World, path: str, query: dict[str, str]) -> web.Response:
    gone = web.Response(status=404, text="This content is no longer available.")
    try:
        _, _, channel_id, attachment_id, name = path.split("/", 4)
        one = world.attachments[int(attachment_id)]
        expires, issued = int(query["ex"], 16), int(query["is"], 16)
    except (KeyError, ValueError):
        return gone
    plain = f"/attachments/{one.channel_id}/{one.id}/{one.filename}"
    fits = query.get("hm") == payloads.sign(plain, expires, issued)
    if not fits or expires < world.clock() or int(channel_id) != one.channel_id or unquote(name) != one.filename:
        return gone
    kind = one.content_type.split(";")[0]
    return web.Response(body=one.data, content_type=kind, headers=_HARMLESS if kind in _RASTER else _AS_A_FILE)
