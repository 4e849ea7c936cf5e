"""Where Discord's specification and the real Discord differ, each with its reason. Nothing else is tolerated.

Requests are put into the specification's form before they are checked; schemas are changed before they are compiled.
"""

from typing import Any

Json = dict[str, Any]


def request(body: Any) -> Any:
    """The body with tolerated forms rewritten; shares everything else with the original.

    - Snowflakes as integers in `allowed_mentions.users`, `allowed_mentions.roles`, `message_reference` and
      `recipient_id`: discord.py sends them so and Discord takes them. The specification knows strings only.
    - `applied_tags` of forum posts, `webhook_channel_id` of a follow and `attachments[].id` of kept files: likewise
      integers in discord.py.
    - `default_member_permissions` as a string: so it is documented, and most libraries send it so. The specification
      knows a number only.
    """
    if isinstance(body, list):
        return [request(one) for one in body]
    if not isinstance(body, dict):
        return body
    changed: Json = {}
    for key in ("recipient_id", "webhook_channel_id"):
        if isinstance(body.get(key), int):
            changed[key] = str(body[key])
    needed = body.get("default_member_permissions")
    if isinstance(needed, str) and needed.isdigit():
        changed["default_member_permissions"] = int(needed)
    mentions = body.get("allowed_mentions")
    if isinstance(mentions, dict):
        changed["allowed_mentions"] = mentions | {
            key: _texts(mentions[key]) for key in ("users", "roles") if mentions.get(key)
        }
    reference = body.get("message_reference")
    if isinstance(reference, dict):
        changed["message_reference"] = {
            key: str(value) if key.endswith("_id") and isinstance(value, int) else value
            for key, value in reference.items()
        }
    if body.get("applied_tags"):
        changed["applied_tags"] = _texts(body["applied_tags"])
    if body.get("attachments"):
        changed["attachments"] = [
            one | {"id": str(one["id"])} if isinstance(one.get("id"), int) else one for one in body["attachments"]
        ]
    for key in ("data", "message"):
        if isinstance(body.get(key), dict):
            changed[key] = request(body[key])
    return body | changed if changed else body


def _texts(ids: list[Any]) -> list[Any]:
    return [str(one) if isinstance(one, int) else one for one in ids]


def schemas(document: Json) -> None:
    """Change the loaded specification in place, before anything is compiled.

    - Inside the `errors` tree of a 400 the specification wants numeric codes; Discord sends words such as
      `BASE_TYPE_REQUIRED`, as its documentation shows ("Error Messages"), and discord.py prints them.
    """
    document["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]["items"] = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": ["integer", "string"]}, "message": {"type": "string"}},
    }
