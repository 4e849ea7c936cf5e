"""Drafts: a message body checked against Discord's limits and brought into the shape of its answers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox import components as parts
from sandbox import mentions, model, payloads
from sandbox.clock import iso
from sandbox.errors import ApiError, empty_message, invalid_form
from sandbox.files import Upload, stored
from sandbox.forms import check_most, check_text, without_nulls
from sandbox.world import World

Json = dict[str, Any]

MOST_ATTACHMENTS = 10
_SETTABLE = model.SUPPRESS_EMBEDS | model.SUPPRESS_NOTIFICATIONS | model.COMPONENTS_V2


@dataclass(slots=True)
class Draft:
    """A message body that passed the checks."""

    content: str = ""
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[model.Attachment] = field(default_factory=list)
    flags: int = 0
    poll: Json | None = None


def draft(
    world: World,
    body: Json,
    uploads: list[Upload],
    channel: model.Channel,
    *,
    before: model.Message | None = None,
    ephemeral: bool = False,
) -> Draft:
    """Check a body against Discord's limits; with `before` it is an edit and what is not named stays."""
    flags = int(body.get("flags") or 0) & _SETTABLE
    if before is not None:
        flags |= before.flags & model.COMPONENTS_V2
    v2 = bool(flags & model.COMPONENTS_V2)

    def kept(key: str, old: Any) -> Any:
        return body.get(key, old if before is not None else None)

    content = kept("content", before.content if before else "") or ""
    mentions.check(body.get("allowed_mentions"))
    if body.get("sticker_ids"):
        raise ApiError(400, 50081, "Invalid sticker sent")
    embeds = kept("embeds", before.embeds if before else []) or []
    raw = kept("components", None)
    poll = body.get("poll")
    if v2 and (content or embeds or poll):
        raise parts.not_both()
    check_most("content", content, 2000)
    content = content.strip()
    if "embeds" in body:
        parts.check_embeds(embeds)
        embeds = [_embed(one) for one in embeds]
    attachments = _attachments(world, body, uploads, channel, before, ephemeral=ephemeral)
    if raw is None and before is not None and "components" not in body:
        shaped = before.components
    else:
        parts.check(raw or [], v2=v2)
        resolve = _Resolver(world, attachments)
        shaped = parts.shape(raw or [], resolve)
        for embed in embeds:
            for key in ("image", "thumbnail"):
                if embed.get(key, {}).get("url", "").startswith("attachment://"):
                    embed[key] = {"url": resolve(embed[key]["url"])["url"]}
    if not (content or embeds or shaped or attachments or poll):
        raise empty_message()
    return Draft(content, embeds, shaped, attachments, flags, _poll(world, poll))


def _embed(given: Json) -> Json:
    embed: Json = without_nulls(given)
    embed.setdefault("type", "rich")
    embed["fields"] = [{"inline": False} | one for one in embed.get("fields") or []]
    if not embed["fields"]:
        del embed["fields"]
    return embed


def _poll(world: World, given: Json | None) -> Json | None:
    if given is None:
        return None
    check_text("poll.question.text", given["question"].get("text"), 300)
    for index, answer in enumerate(given["answers"]):
        check_text(f"poll.answers.{index}.poll_media.text", answer["poll_media"].get("text"), 55)
    hours = given.get("duration") or 24
    return {
        "question": {"text": given["question"]["text"]},
        "answers": [
            {"answer_id": number, "poll_media": _poll_media(answer["poll_media"])}
            for number, answer in enumerate(given["answers"], 1)
        ],
        "expiry": iso(world.clock() + hours * 3600),
        "allow_multiselect": bool(given.get("allow_multiselect")),
        "layout_type": 1,
        "results": {"is_finalized": False, "answer_counts": []},
    }


def _poll_media(given: Json) -> Json:
    """What was not given is left out; only an emoji says that it has no id."""
    emoji = given.get("emoji")
    shown = {"id": emoji.get("id"), "name": emoji.get("name")} if emoji else None
    return {"text": given["text"]} | ({"emoji": shown} if shown else {})


class _Resolver:
    def __init__(self, world: World, attachments: Iterable[model.Attachment]) -> None:
        self._world = world
        self._by_name = {one.filename: one for one in attachments}

    def __call__(self, url: str) -> Json:
        if not url.startswith("attachment://"):
            return {
                "id": str(self._world.new_id()),
                "url": url,
                "proxy_url": url,
                "width": None,
                "height": None,
                "content_type": None,
            }
        name = url.removeprefix("attachment://")
        one = self._by_name.get(name)
        if one is None:
            raise invalid_form(
                "components",
                "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                f"The referenced attachment {name!r} was not found",
            )
        address = payloads.attachment_url(one, self._world)
        return {
            "id": str(one.id),
            "url": address,
            "proxy_url": address,
            "width": one.width,
            "height": one.height,
            "content_type": one.content_type,
            "attachment_id": str(one.id),
            "name": name,
            "size": len(one.data),
        }


def _attachments(
    world: World,
    body: Json,
    uploads: list[Upload],
    channel: model.Channel,
    before: model.Message | None,
    *,
    ephemeral: bool,
) -> list[model.Attachment]:
    described = {str(entry["id"]): entry for entry in body.get("attachments") or []}
    kept = before.attachments if before is not None else []
    if before is not None and "attachments" in body:
        kept = [one for one in kept if str(one.id) in described]
    known = {str(one.id) for one in kept} | {upload.index for upload in uploads}
    if described.keys() - known:
        raise ApiError(400, 50146, "Uploaded file not found.")
    if len(kept) + len(uploads) > MOST_ATTACHMENTS:
        raise ApiError(400, 30015, f"Maximum number of attachments in a message reached ({MOST_ATTACHMENTS})")
    for upload in uploads:
        if len(upload.data) > world.limits.attachment_bytes:
            raise ApiError(413, 40005, "Request entity too large")
    return [
        *kept,
        *(
            stored(world, upload, channel, described.get(str(upload.index), {}), ephemeral=ephemeral)
            for upload in uploads
        ),
    ]
