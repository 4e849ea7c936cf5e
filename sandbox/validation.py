"""Checking against Discord's OpenAPI file: requests of the bot, our answers, our gateway objects.

Validators are compiled by jsonschema-rs at first use and kept. The file is OpenAPI 3.1, so its schemas are JSON Schema
2020-12 and can be referred to by pointer inside one registered document.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Self

import orjson

from sandbox import tolerances

Json = dict[str, Any]

_URI = "urn:discord"

_CODES: dict[str, tuple[str, str]] = {
    "required": ("BASE_TYPE_REQUIRED", "This field is required"),
    "maxLength": ("BASE_TYPE_MAX_LENGTH", "Must be {limit} or fewer in length."),
    "minLength": ("BASE_TYPE_MIN_LENGTH", "Must be {limit} or more in length."),
    "maxItems": ("BASE_TYPE_MAX_LENGTH", "Must be {limit} or fewer in length."),
    "minItems": ("BASE_TYPE_MIN_LENGTH", "Must be {limit} or more in length."),
    "maximum": ("NUMBER_TYPE_MAX", "int value should be less than or equal to {limit}."),
    "minimum": ("NUMBER_TYPE_MIN", "int value should be greater than or equal to {limit}."),
    "format": ("BASE_TYPE_BAD_FORMAT", "Value has the wrong format."),
    "type": ("BASE_TYPE_BAD_TYPE", "Value has the wrong type."),
    "enum": ("BASE_TYPE_CHOICES", "Value is not one of the choices."),
}

Part = tuple[str, Callable[[Json], Iterable[Any]]]


def _own(data: Json) -> Iterable[Any]:
    return (data,)


def _list(key: str) -> Callable[[Json], Iterable[Any]]:
    return lambda data: data.get(key) or ()


def _one(key: str) -> Callable[[Json], Iterable[Any]]:
    return lambda data: (data[key],) if data.get(key) else ()


def _map(key: str) -> Callable[[Json], Iterable[Any]]:
    return lambda data: ((data.get("data") or {}).get("resolved") or {}).get(key, {}).values()


def _author_member(data: Json) -> Iterable[Any]:
    return (data["member"] | {"user": data["author"]},) if data.get("member") else ()


_CHANNEL: list[Part] = [("GuildChannelResponse", _own)]
_THREAD: list[Part] = [("ThreadResponse", _own)]
_MESSAGE: list[Part] = [("MessageResponse", _own), ("GuildMemberResponse", _author_member)]

EVENTS: dict[str, list[Part]] = {
    "GUILD_CREATE": [
        ("GuildResponse", _own),
        ("GuildChannelResponse", _list("channels")),
        ("ThreadResponse", _list("threads")),
        ("GuildMemberResponse", _list("members")),
    ],
    "GUILD_UPDATE": [("GuildResponse", _own)],
    "GUILD_ROLE_CREATE": [("GuildRoleResponse", _one("role"))],
    "GUILD_ROLE_UPDATE": [("GuildRoleResponse", _one("role"))],
    "GUILD_MEMBER_ADD": [("GuildMemberResponse", _own)],
    "GUILD_MEMBER_UPDATE": [("GuildMemberResponse", _own)],
    "GUILD_MEMBERS_CHUNK": [("GuildMemberResponse", _list("members"))],
    "TYPING_START": [("GuildMemberResponse", _one("member"))],
    "CHANNEL_UPDATE": _CHANNEL,
    "CHANNEL_DELETE": _CHANNEL,
    "THREAD_CREATE": _THREAD,
    "THREAD_UPDATE": _THREAD,
    "THREAD_MEMBERS_UPDATE": [("ThreadMemberResponse", _list("added_members"))],
    "MESSAGE_CREATE": _MESSAGE,
    "MESSAGE_UPDATE": _MESSAGE,
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE": [("CommandPermissionsResponse", _own)],
    "INTERACTION_CREATE": [
        ("InteractionResponse", _own),
        ("GuildMemberResponse", _one("member")),
        ("UserResponse", _one("user")),
        ("MessageResponse", _one("message")),
        ("UserResponse", _map("users")),
        ("BasicGuildMemberResponse", _map("members")),
        ("GuildRoleResponse", _map("roles")),
        ("MessageResponse", _map("messages")),
        ("MessageAttachmentResponse", _map("attachments")),
    ],
}
"""Which schemas of the specification describe which part of a gateway event."""


class Specification:
    """The loaded file with its compiled validators."""

    def __init__(self, document: Json) -> None:
        tolerances.schemas(document)
        self._document = document
        self._validators: dict[str, Any] = {}

    @classmethod
    def load(cls, path: Path) -> Self:
        """The specification in the file; one that was loaded before, with what it has compiled since."""
        return cls._loaded(path, path.stat().st_mtime_ns)

    @classmethod
    @lru_cache(maxsize=2)
    def _loaded(cls, path: Path, _: int) -> Self:
        return cls(orjson.loads(path.read_bytes()))

    @cached_property
    def _registry(self) -> Any:
        import jsonschema_rs

        return jsonschema_rs.Registry([(_URI, self._document)])

    def _validator(self, pointer: str) -> Any:
        known = self._validators.get(pointer)
        if known is None:
            import jsonschema_rs

            schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": f"{_URI}#{pointer}"}
            known = self._validators[pointer] = jsonschema_rs.validator_for(
                schema, registry=self._registry, validate_formats=True, ignore_unknown_formats=True
            )
        return known

    def _operation(self, key: str) -> tuple[Json, str] | None:
        method, _, template = key.partition(" ")
        operation = self._document["paths"].get(template, {}).get(method.lower())
        if operation is None and "/commands/permissions" not in template:
            return None
        return operation, f"/paths/{_escape(template)}/{method.lower()}"

    def media_of(self, key: str) -> set[str]:
        """The types of body that the operation takes."""
        found = self._operation(key)
        return set((found[0].get("requestBody") or {}).get("content") or ()) if found is not None else set()

    def check_request(self, key: str, query: Mapping[str, str], body: Any, *, has_files: bool) -> Json | None:
        """Discord's `errors` tree, or None where the request is fine. `key` is "METHOD /template"."""
        found = self._operation(key)
        if found is None:
            return {"_errors": [{"code": "SANDBOX_NO_OPERATION", "message": f"the specification has no {key}"}]}
        operation, pointer = found
        tree: Json = {}
        for index, parameter in enumerate(operation.get("parameters") or ()):
            name = parameter["name"]
            if parameter["in"] == "query" and name in query:
                value = _typed(query[name], parameter["schema"])
                self._collect(tree, f"{pointer}/parameters/{index}/schema", value, (name,))
        content = (operation.get("requestBody") or {}).get("content") or {}
        if "application/json" in content:
            if body is None and has_files:
                body = {}
            schema = f"{pointer}/requestBody/content/application~1json/schema"
            self._collect(tree, schema, tolerances.request(body), ())
        elif body:
            tree["_errors"] = [{"code": "SANDBOX_NO_BODY", "message": f"{key} takes no body"}]
        return tree or None

    def _collect(self, tree: Json, pointer: str, value: Any, prefix: tuple[str, ...]) -> None:
        validator = self._validator(pointer)
        if not validator.is_valid(value):
            for error in _leaves(validator.iter_errors(value)):
                _plant(tree, (*prefix, *error[0]), error[1], error[2])

    def check_answer(self, key: str, status: int, answer: Any) -> list[str]:
        """What is wrong with our answer, if the specification describes it."""
        found = self._operation(key)
        if found is None:
            return [f"the specification has no {key}"]
        operation, pointer = found
        described = operation["responses"].get(str(status))
        if described is None:
            return [f"status {status} is not described"]
        if "application/json" not in described.get("content", {}):
            return [] if answer is None else [f"status {status} has no body"]
        return self._problems(f"{pointer}/responses/{status}/content/application~1json/schema", answer)

    def check_object(self, schema: str, value: Any) -> list[str]:
        """What is wrong with the value as that component of the specification."""
        return self._problems(f"/components/schemas/{schema}", value)

    def check_event(self, name: str, data: Json) -> list[str]:
        if name == "CHANNEL_CREATE":
            return self.check_object("PrivateChannelResponse" if data["type"] == 1 else "GuildChannelResponse", data)
        return [
            f"{schema}: {problem}"
            for schema, choose in EVENTS.get(name, ())
            for value in choose(data)
            for problem in self.check_object(schema, value)
        ]

    def _problems(self, pointer: str, value: Any) -> list[str]:
        validator = self._validator(pointer)
        if validator.is_valid(value):
            return []
        return [
            f"{'.'.join(map(str, path)) or '(root)'}: {message}"
            for path, _, message in _leaves(validator.iter_errors(value))
        ]


def _escape(template: str) -> str:
    return template.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def _typed(text: str, schema: Json) -> Any:
    match schema.get("type"):
        case "integer":
            return int(text) if text.lstrip("-").isdigit() else text
        case "boolean":
            return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    return text


def _leaves(errors: Iterable[Any], depth: int = 0) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The errors that say most: inside oneOf and anyOf the branch that came furthest."""
    for error in errors:
        kind = error.kind
        context = getattr(kind, "context", None)
        if context and depth < 12:
            yield from _leaves(min(context, key=_distance), depth + 1)
            continue
        path = tuple(str(part) for part in error.instance_path)
        code, text = _CODES.get(kind.name, (f"SCHEMA_{kind.name.upper()}", error.message))
        if kind.name == "required":
            path = (*path, str(kind.property))
        yield path, code, text.format(limit=getattr(kind, "limit", ""))


def _distance(branch: Any) -> tuple[int, int]:
    """How far a branch is from being meant: a wrong `type` or a null branch is furthest, few errors are nearest."""
    missed = sum(
        1
        for error in branch
        if (error.instance_path and error.instance_path[-1] == "type") or error.kind.name == "type"
    )
    return missed, len(branch)


def _plant(tree: Json, path: tuple[str, ...], code: str, message: str) -> None:
    for key in path:
        tree = tree.setdefault(key, {})
    tree.setdefault("_errors", []).append({"code": code, "message": message})
