"""Answers to interactions and the follow-ups by their token; none of it counts towards the global limit."""

from typing import Any

from sandbox import interactions, model, payloads
from sandbox.rest.routing import NO_CONTENT, Answer, Call, Routes


def add_to(routes: Routes) -> None:
    routes.add(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        callback,
        needs_token=False,
        is_limited=False,
        counts_globally=False,
        takes_forms=True,
    )
    base = "/webhooks/{webhook_id}/{webhook_token}"
    for method, path, handler in (
        ("POST", base, follow_up),
        ("GET", f"{base}/messages/{{message_id}}", get_message),
        ("PATCH", f"{base}/messages/{{message_id}}", edit),
        ("DELETE", f"{base}/messages/{{message_id}}", delete),
        ("GET", f"{base}/messages/@original", get_message),
        ("PATCH", f"{base}/messages/@original", edit),
        ("DELETE", f"{base}/messages/@original", delete),
    ):
        forms = method in ("POST", "PATCH")
        routes.add(method, path, handler, needs_token=False, counts_globally=False, takes_forms=forms)


def callback(call: Call) -> Any:
    one = interactions.answer(
        call.world, call.id("interaction_id"), call.params["interaction_token"], call.body, call.uploads
    )
    if call.query.get("with_response", "").lower() not in ("1", "true"):
        return NO_CONTENT
    described: dict[str, Any] = {"id": str(one.id), "type": one.type}
    if one.channel.guild is not None:
        described["guild_id"] = str(one.channel.guild.id)
    described["channel_id"] = str(one.channel.id)
    answer: dict[str, Any] = {"interaction": described}
    if one.response is not None:
        described |= {
            "response_message_id": str(one.response.id),
            "response_message_loading": one.response.is_loading,
            "response_message_ephemeral": one.response.ephemeral,
        }
        if one.callback_type in (interactions.MESSAGE, interactions.UPDATE):
            answer["resource"] = {"type": one.callback_type, "message": payloads.message(one.response, call.world)}
    return Answer(200, answer)


def _interaction(call: Call) -> model.Interaction:
    return interactions.by_token(call.world, call.id("webhook_id"), call.params["webhook_token"])


def _wanted(call: Call) -> str:
    return str(call.id("message_id")) if "message_id" in call.params else "@original"


def follow_up(call: Call) -> Any:
    return payloads.message(interactions.follow_up(call.world, _interaction(call), call.body, call.uploads), call.world)


def get_message(call: Call) -> Any:
    return payloads.message(interactions.message_of(_interaction(call), _wanted(call)), call.world)


def edit(call: Call) -> Any:
    message = interactions.edit(call.world, _interaction(call), _wanted(call), call.body, call.uploads)
    return payloads.message(message, call.world)


def delete(call: Call) -> Any:
    interactions.delete(call.world, _interaction(call), _wanted(call))
    return NO_CONTENT
