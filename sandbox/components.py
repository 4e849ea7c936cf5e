"""Message components: reading them, checking Discord's limits, and giving them the shape of Discord's answers.

Types: 1 row, 2 button, 3 string select, 4 text input, 5 user, 6 role, 7 mentionable and 8 channel select, 9 section,
10 text, 11 thumbnail, 12 gallery, 13 file, 14 separator, 17 container, 18 label, 19 file upload, 21 radio group,
22 check boxes, 23 check box.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sandbox.errors import ApiError, invalid_form
from sandbox.forms import check_length, check_most, check_text, required, without_nulls

Json = dict[str, Any]

ROW, BUTTON, TEXT_INPUT, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR = 1, 2, 4, 9, 10, 11, 12, 13, 14
CONTAINER, LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 17, 18, 19, 21, 22, 23
SELECTS = (3, 5, 6, 7, 8)
LINK_STYLE, PREMIUM_STYLE = 5, 6
MAX_COMPONENTS, MAX_TEXT, MAX_ROWS, MAX_EMBED_TEXT = 40, 4000, 5, 6000


def walk(components: Iterable[Json], path: str = "components") -> Iterator[tuple[str, Json]]:
    """Every component with its dotted path, from top to bottom."""
    for index, component in enumerate(components):
        here = f"{path}.{index}"
        yield here, component
        yield from walk(component.get("components") or (), f"{here}.components")
        for key in ("accessory", "component"):
            nested = component.get(key)
            if isinstance(nested, dict):
                yield f"{here}.{key}", nested


def text_of(content: str, embeds: Iterable[Json], components: Iterable[Json]) -> list[str]:
    lines = [content] if content else []
    for embed in embeds:
        lines += [embed[key] for key in ("title", "description") if embed.get(key)]
        lines += [f"{field['name']}\n{field['value']}" for field in embed.get("fields") or ()]
        if embed.get("author"):
            lines.append(embed["author"]["name"])
        if embed.get("footer"):
            lines.append(embed["footer"]["text"])
    lines += [component["content"] for _, component in walk(components) if component["type"] == TEXT]
    return lines


def buttons_of(components: Iterable[Json]) -> list[Json]:
    return [component for _, component in walk(components) if component["type"] == BUTTON]


def selects_of(components: Iterable[Json]) -> list[Json]:
    return [component for _, component in walk(components) if component["type"] in SELECTS]


def media_of(embeds: Iterable[Json], components: Iterable[Json]) -> list[str]:
    found = [embed[key]["url"] for embed in embeds for key in ("image", "thumbnail") if embed.get(key)]
    for _, component in walk(components):
        found += [media["url"] for media in _media(component)]
    return found


def _media(component: Json) -> list[Json]:
    match component["type"]:
        case 11:
            return [component["media"]]
        case 12:
            return [item["media"] for item in component["items"]]
        case 13:
            return [component["file"]]
    return []


def check(components: list[Json], *, v2: bool) -> None:
    """Raise 50035 where a limit of Discord is broken; v2 says whether the message has the Components V2 flag."""
    total = texts = 0
    seen: set[str] = set()
    if not v2 and len(components) > MAX_ROWS:
        raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for path, component in walk(components):
        total += 1
        kind = component.get("type")
        if not v2 and path.count(".") == 1 and kind != ROW:
            raise invalid_form(path, "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).')
        if kind == TEXT:
            check_text(f"{path}.content", component.get("content"), MAX_TEXT)
            texts += len(component["content"])
        elif kind == ROW:
            _check_row(path, component)
        elif kind == BUTTON:
            _check_button(path, component)
        elif kind in SELECTS:
            _check_select(path, component)
        custom_id = component.get("custom_id")
        if custom_id is not None:
            check_length(f"{path}.custom_id", custom_id, 1, 100)
            if custom_id in seen:
                raise invalid_form(
                    f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
                )
            seen.add(custom_id)
    _check_ids(components)
    if v2 and total > MAX_COMPONENTS:
        raise invalid_form(
            "components",
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The total number of components cannot exceed {MAX_COMPONENTS}",
        )
    if texts > MAX_TEXT:
        raise invalid_form(
            "components",
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total displayable text size exceeds {MAX_TEXT} characters",
        )


def _check_ids(components: list[Json], path: str = "components") -> None:
    """Numbers that the bot gives must differ; 0 counts as none."""
    taken = set[int]()
    for here, component in walk(components, path):
        number = component.get("id")
        if number and number in taken:
            raise invalid_form(f"{here}.id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
        taken.add(number or 0)


def _check_emoji(path: str, emoji: Json | None) -> None:
    """One of a server has an id; any other is a sign of Unicode, and those are beyond ASCII."""
    if emoji and not emoji.get("id") and (not emoji.get("name") or emoji["name"].isascii()):
        raise invalid_form(f"{path}.emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")


def _check_row(path: str, row: Json) -> None:
    inside = row.get("components") or []
    wide = any(one.get("type") != BUTTON for one in inside)
    if not 1 <= len(inside) <= (1 if wide else 5):
        raise invalid_form(
            f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width"
        )


def _check_button(path: str, button: Json) -> None:
    label = (button.get("label") or "").strip()
    check_length(f"{path}.label", button.get("label") or "", 0, 80)
    _check_emoji(path, button.get("emoji"))
    style = button.get("style")
    if style == PREMIUM_STYLE:
        if not button.get("sku_id") or any(button.get(key) for key in ("custom_id", "label", "url", "emoji")):
            raise invalid_form(
                path, "BUTTON_COMPONENT_PREMIUM_INVALID", "A premium button has a sku_id, and nothing else to show"
            )
        return
    if style == LINK_STYLE:
        if not button.get("url") or button.get("custom_id"):
            raise invalid_form(
                path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A link button has a url and no custom id"
            )
        check_length(f"{path}.url", button["url"], 1, 512)
        if not button["url"].startswith(("http://", "https://", "discord://")):
            raise invalid_form(
                f"{path}.url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('http', 'https', 'discord')."
            )
    elif button.get("url"):
        raise invalid_form(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "Only a link button has a url")
    elif not button.get("custom_id"):
        raise invalid_form(path, "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")
    if not label and not button.get("emoji"):
        raise invalid_form(path, "BUTTON_COMPONENT_INVALID_EMOJI", "A button needs a label or an emoji")


def _check_select(path: str, select: Json) -> None:
    options = select.get("options")
    if select["type"] == 3:
        if not options or len(options) > 25:
            raise invalid_form(f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
        values = [option["value"] for option in options]
        if len(set(values)) != len(values):
            raise invalid_form(
                f"{path}.options",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        for index, option in enumerate(options):
            for key in ("label", "value"):
                check_text(f"{path}.options.{index}.{key}", option[key], 100)
            check_length(f"{path}.options.{index}.description", option.get("description") or "", 0, 100)
            _check_emoji(f"{path}.options.{index}", option.get("emoji"))
    check_length(f"{path}.placeholder", select.get("placeholder") or "", 0, 150)
    _check_range(path, select, len(options) if options is not None else None)


def _check_range(path: str, select: Json, offered: int | None) -> None:
    """As many may be chosen as there are, and no more preset than may be chosen."""
    least, most = (1 if select.get(key) is None else select[key] for key in ("min_values", "max_values"))
    if least > most or (offered is not None and max(least, most) > offered):
        raise invalid_form(
            f"{path}.max_values", "SELECT_COMPONENT_MAX_VALUES_INVALID", "Must lie between min_values and the options"
        )
    preset = len(select.get("default_values") or [])
    preset += sum(bool(one.get("default")) for one in select.get("options") or ())
    if preset > most or (select.get("default_values") and preset < least):
        raise invalid_form(
            f"{path}.default_values", "SELECT_COMPONENT_DEFAULT_VALUES_INVALID", "Must lie between the values taken"
        )


def check_modal(modal: Json) -> None:
    """Title of 1 to 45 characters, 1 to 5 components (the documentation's figure), distinct custom ids."""
    check_text("data.title", modal.get("title"), 45)
    check_length("data.custom_id", modal.get("custom_id") or "", 1, 100)
    components = modal.get("components") or []
    if not 1 <= len(components) <= 5:
        raise invalid_form("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    seen: set[str] = set()
    _check_ids(components, "data.components")
    for path, component in walk(components, "data.components"):
        custom_id = component.get("custom_id")
        if component["type"] == TEXT:
            check_text(f"{path}.content", component.get("content"), MAX_TEXT)
        elif component["type"] == LABEL:
            check_text(f"{path}.label", component.get("label"), 45)
        elif component["type"] == TEXT_INPUT:
            _check_input(path, component)
        if custom_id is None:
            continue
        check_length(f"{path}.custom_id", custom_id, 1, 100)
        if custom_id in seen:
            raise invalid_form(
                f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        seen.add(custom_id)
        if component["type"] in SELECTS:
            _check_select(path, component)


def _check_input(path: str, one: Json) -> None:
    least, most = one.get("min_length") or 0, one.get("max_length") or 4000
    if least > most:
        raise invalid_form(f"{path}.max_length", "NUMBER_TYPE_MIN", "Must be greater than or equal to min_length.")
    if one.get("value"):
        check_length(f"{path}.value", one["value"], least, most)


def _is_empty(embed: Json) -> bool:
    """A colour, an address or a moment alone is nothing to see."""
    if any(embed.get(key) for key in ("fields", "image", "thumbnail", "timestamp")):
        return False
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get(key) or {}).get(part) for key, part in (("author", "name"), ("footer", "text"))]
    return not any((text or "").strip() for text in texts)


def check_embeds(embeds: list[Json]) -> None:
    """At most 10 embeds and 6,000 characters in all, each field within its own limit."""
    if len(embeds) > 10:
        raise invalid_form("embeds", "BASE_TYPE_BAD_LENGTH", "Must be 10 or fewer in length.")
    total = 0
    for index, embed in enumerate(embeds):
        path = f"embeds.{index}"
        fields = embed.get("fields") or []
        if _is_empty(embed):
            raise required(f"{path}.description")
        if len(fields) > 25:
            raise invalid_form(f"{path}.fields", "BASE_TYPE_BAD_LENGTH", "Must be 25 or fewer in length.")
        parts = [("title", embed.get("title"), 256), ("description", embed.get("description"), 4096)]
        parts.append(("footer.text", (embed.get("footer") or {}).get("text"), 2048))
        parts.append(("author.name", (embed.get("author") or {}).get("name"), 256))
        for number, one in enumerate(fields):
            for key, most in (("name", 256), ("value", 1024)):
                check_text(f"{path}.fields.{number}.{key}", one.get(key), most)
                parts.append((f"fields.{number}.{key}", one[key], most))
        for name, text, most in parts:
            check_most(f"{path}.{name}", text, most)
            total += len(text or "")
    if total > MAX_EMBED_TEXT:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBED_TEXT}")


Resolve = Callable[[str], Json]
"""Turns a media address (`https://…` or `attachment://name`) into Discord's media object."""


def shape(components: list[Json], resolve: Resolve) -> list[Json]:
    """The components as Discord gives them back: with ids, defaults and resolved media."""
    taken = {one["id"] for _, one in walk(components) if one.get("id")}
    counter = iter(number for number in range(1, 1 << 16) if number not in taken)
    return [_shape(without_nulls(component), resolve, counter) for component in components]


def _shape(component: Json, resolve: Resolve, counter: Iterator[int]) -> Json:
    kind = component["type"]
    shaped: Json = dict(component)
    shaped["id"] = component.get("id") or next(counter)
    if "components" in shaped:
        shaped["components"] = [_shape(one, resolve, counter) for one in shaped["components"]]
    match kind:
        case 3 | 5 | 6 | 7 | 8:
            _shape_select(shaped)
        case 9:
            shaped["accessory"] = _shape(shaped["accessory"], resolve, counter)
        case 11:
            shaped |= {
                "media": resolve(shaped["media"]["url"]),
                "description": shaped.get("description"),
                "spoiler": bool(shaped.get("spoiler")),
            }
        case 12:
            shaped["items"] = [
                {
                    "media": resolve(item["media"]["url"]),
                    "description": item.get("description"),
                    "spoiler": bool(item.get("spoiler")),
                }
                for item in shaped["items"]
            ]
        case 13:
            file = resolve(shaped["file"]["url"])
            shaped |= {
                "file": file,
                "spoiler": bool(shaped.get("spoiler")),
                "name": file.pop("name", None),
                "size": file.pop("size", None),
            }
        case 14:
            shaped |= {"spacing": shaped.get("spacing", 1), "divider": shaped.get("divider", True)}
        case 17:
            shaped |= {"accent_color": component.get("accent_color"), "spoiler": bool(shaped.get("spoiler"))}
    return shaped


def _shape_select(shaped: Json) -> None:
    shaped.setdefault("min_values", 1)
    shaped.setdefault("max_values", 1)


def find(components: Iterable[Json], wanted: str, kinds: tuple[int, ...]) -> Json | None:
    """The component with that label, placeholder or custom_id."""
    for _, component in walk(components):
        if component["type"] in kinds and wanted in (
            component.get("custom_id"),
            component.get("label"),
            component.get("placeholder"),
            (component.get("emoji") or {}).get("name"),
        ):
            return component
    return None


def not_both() -> ApiError:
    return invalid_form(
        "content",
        "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        "The 'content', 'embeds', 'stickers' and 'poll' fields cannot be used with MessageFlags.IS_COMPONENTS_V2",
    )
