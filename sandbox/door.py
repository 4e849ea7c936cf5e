"""The wire of the REST door: plain requests are read and answered on the spot, all others go to aiohttp.

A bot under load sends the same small JSON requests thousands of times a second; a general server spends more on each of
them than the whole sandbox does on its meaning. So a connection begins here. With the first request that is not plain
(an upload, a WebSocket, a file, an unusual header) it is aiohttp's from then on.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from time import time
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, unquote

import orjson
from aiohttp import web

from sandbox.api import INVALID_JSON, Api, Request, Response
from sandbox.errors import ApiError
from sandbox.faults import Fault
from sandbox.files import Upload
from sandbox.rest.routing import FORMS, JSON

PREFIX = "/api/v10"
VERSIONS = ("v10", "v9")
"""What Discord still serves and the sandbox speaks; the ninth is answered as the tenth."""
VIA = "1.1 sandbox"
MOST_HEAD_BYTES = 16_384

_METHODS = (b"GET", b"POST", b"PUT", b"PATCH", b"DELETE")
_FIRST = re.compile(rb"(?:%s) %s/[!-~]* HTTP/1\.1" % (b"|".join(_METHODS), PREFIX.encode())).fullmatch
_UNUSUAL = (b"transfer-encoding", b"upgrade", b"expect", b"content-encoding")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_NO_QUERY: Mapping[str, str] = {}


class Headers(NamedTuple):
    """What a plain request says of itself besides its first line."""

    length: int
    authorization: str | None


@lru_cache(maxsize=1024)
def read_headers(block: bytes) -> Headers | None:
    """The headers of a plain request, None for any other. A client repeats them, so they are remembered."""
    found: dict[bytes, bytes] = {}
    for line in block.split(b"\r\n"):
        name, _, value = line.partition(b":")
        found[name.lower()] = value.strip()
    if any(name in found for name in _UNUSUAL) or found.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    length = found.get(b"content-length", b"0")
    authorization = found.get(b"authorization")
    if not length.isdigit() or not _is_json(found.get(b"content-type"), is_empty=not int(length)):
        return None
    return Headers(int(length), None if authorization is None else authorization.decode("latin-1"))


def _is_json(media: bytes | None, *, is_empty: bool) -> bool:
    return is_empty if media is None else media.partition(b";")[0].strip().lower() == JSON.encode()


@lru_cache(maxsize=1024)
def read_query(text: str) -> Mapping[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()


@lru_cache(maxsize=64)
def _head(status: int) -> bytes:
    # Planned faults may have statuses of no standard, such as Cloudflare's 520 to 527.
    return f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}\r\nVia: {VIA}\r\n".encode()


def encode(response: Response) -> bytes:
    """The response as HTTP/1.1 has it."""
    status, headers, body = response.status, response.headers, response.body
    more = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]).encode() if headers else b""
    if body is None:
        return b"%s%s%s\r\n" % (_head(status), _date(int(time())), more)
    return b"%s%s%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        _head(status),
        _date(int(time())),
        more,
        len(body),
        body,
    )


def _decode(first: bytes, headers: Headers, raw: bytes) -> tuple[Request, bool]:
    """The request, and whether its body could be read."""
    method, target, _ = first.decode("latin-1").split(" ")
    path, _, query = target[len(PREFIX) :].partition("?")
    if "%" in path:
        path = unquote(path)
    body, is_readable = None, True
    if raw and method not in ("GET", "DELETE"):
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            is_readable = False
    query_fields = read_query(query) if query else _NO_QUERY
    return Request(method, path, headers.authorization, query_fields, body, []), is_readable


class Door(asyncio.Protocol):
    """One connection, as long as only plain requests come; `serve` makes the protocol that takes it over else."""

    __slots__ = ("_api", "_doors", "_kept", "_serve", "_transport")

    def __init__(self, api: Api, doors: "set[Door]", *, serve: Callable[[], asyncio.Protocol]) -> None:
        self._api = api
        self._doors = doors
        self._serve = serve
        self._kept = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._doors.add(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._doors.discard(self)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None  # noqa: S101  (connection_made came first)
        if self._kept:
            data, self._kept = self._kept + data, b""
        self._read(self._transport, data)

    def _read(self, transport: asyncio.Transport, data: bytes) -> None:
        while data:
            end = data.find(b"\r\n\r\n")
            if end < 0 and len(data) < MOST_HEAD_BYTES and data.startswith(_METHODS):
                self._kept = data
                return
            first, _, block = data[: max(end, 0)].partition(b"\r\n")
            headers = read_headers(block) if _FIRST(first) else None
            if headers is None:
                self._hand_over(transport, data)
                return
            size = end + 4 + headers.length
            if len(data) < size:
                self._kept = data
                return
            request, is_readable = _decode(first, headers, data[end + 4 : size])
            data = data[size:]
            if not is_readable:
                transport.write(encode(self._api.refuse(request, INVALID_JSON)))
                continue
            fault = self._api.faults.strike(request.method, request.path)
            if seconds := self._api.faults.seconds_before_arrival(fault):
                self._kept = data
                transport.pause_reading()
                asyncio.get_running_loop().call_later(seconds, self._go_on, transport, request, fault)
                return
            response = self._api.answer(request, fault)
            if response is None:
                transport.abort()
                return
            transport.write(encode(response))

    def _go_on(self, transport: asyncio.Transport, request: Request, fault: Fault | None) -> None:
        """Answer what was delayed (act in any case: the client may be gone), then read on."""
        response = self._api.answer(request, fault)
        if response is None:
            transport.abort()
        elif not transport.is_closing():
            transport.write(encode(response))
            transport.resume_reading()
            data, self._kept = self._kept, b""
            self._read(transport, data)

    def _hand_over(self, transport: asyncio.Transport, data: bytes) -> None:
        self._doors.discard(self)
        protocol = self._serve()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)


async def read_body(request: web.BaseRequest, uploads: list[Upload], *, most_bytes: int) -> tuple[Any, str]:
    """The body of a request that is not plain, with its type; the files of a form are added to `uploads`.

    A body of a type that no operation reads stays unread. Raises ValueError for what is no JSON, ApiError for what is
    larger than `most_bytes` in all.
    """
    try:
        return await _read_body(request.clone(client_max_size=most_bytes), uploads)
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, 40005, "Request entity too large") from None


async def _read_body(request: web.BaseRequest, uploads: list[Upload]) -> tuple[Any, str]:
    if request.method in ("GET", "DELETE") or not request.body_exists:
        return None, JSON
    media = request.content_type.lower()
    if media not in FORMS:
        raw = await request.read()
        return (orjson.loads(raw) if raw and media == JSON else None), (media if raw else JSON)
    fields: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            index = name.removeprefix("files[").removesuffix("]")
            uploads.append(Upload(index, value.filename, value.file.read(), value.content_type))
            value.file.close()
        else:
            fields[name] = value
    return (orjson.loads(fields["payload_json"]) if "payload_json" in fields else fields), media


def to_aiohttp(response: Response) -> web.Response:
    headers = {"Via": VIA, **response.headers}
    if response.body is not None:
        headers["Content-Type"] = "application/json"
    return web.Response(body=response.body, status=response.status, headers=headers)
