"""What a person fills in: command options, menu choices and form fields, checked as Discord's client checks them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import components as parts
from sandbox import model
from sandbox.errors import Refused
from sandbox.files import Upload, stored
from sandbox.replies import File
from sandbox.world import World

Json = dict[str, Any]

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)


class Chooser:
    """Turns what a person gives into what Discord sends, in one channel of one server.

    `found` collects the objects behind chosen ids; they become the `resolved` part of the interaction.
    """

    def __init__(self, world: World, guild: model.Guild, where: model.Channel) -> None:
        self.world = world
        self.guild = guild
        self.where = where
        self.found: list[Any] = []

    def options(
        self,
        specs: list[Json],
        given: Mapping[str, Any],
        path: list[str],
        *,
        focused: str | None = None,
    ) -> list[Json]:
        """The options of a command as Discord sends them; `focused` is the one being typed."""
        known = {spec["name"]: spec for spec in specs}
        unknown = set(given) - set(known)
        if unknown:
            raise Refused(f"/{' '.join(path)} has no option {sorted(unknown)}; it has {list(known)}")
        data: list[Json] = []
        for name, spec in known.items():
            if name not in given:
                if spec.get("required") and focused is None:
                    raise Refused(f"/{' '.join(path)} needs the option {name!r}")
                continue
            entry: Json = {"name": name, "type": spec["type"]}
            if name == focused:
                entry |= {"value": str(given[name]), "focused": True}
            else:
                entry["value"] = self._value(spec, given[name])
            data.append(entry)
        return data

    def _value(self, spec: Json, value: Any) -> Any:
        name, kind = spec["name"], spec["type"]
        if spec.get("choices"):
            for choice in spec["choices"]:
                if value in (choice["name"], choice["value"]):
                    return choice["value"]
            raise Refused(f"option {name!r} offers {[one['name'] for one in spec['choices']]}, not {value!r}")
        match kind:
            case 3 if isinstance(value, str):
                if not (spec.get("min_length") or 0) <= len(value) <= (spec.get("max_length") or 6000):
                    raise Refused(f"option {name!r} has the wrong length: {len(value)}")
                return value
            case 4 | 10:
                number = _number(value, whole=kind == INTEGER)
                if number is None:
                    raise Refused(f"option {name!r} takes a number, not {value!r}")
                low, high = spec.get("min_value"), spec.get("max_value")
                if (low is not None and number < low) or (high is not None and number > high):
                    raise Refused(f"option {name!r} lies between {low} and {high}, not {number}")
                return number
            case 5:
                said = {"true": True, "false": False}.get(str(value).lower())
                if said is not None:
                    return said
            case 6 | 7 | 8 | 9:
                thing = self._thing(kind, value)
                if thing is not None:
                    if kind == CHANNEL and spec.get("channel_types") and thing.type not in spec["channel_types"]:
                        raise Refused(f"option {name!r} does not take a channel of type {thing.type}")
                    self.found.append(thing)
                    return str(thing.id)
            case 11 if isinstance(value, File):
                return self._keep([value])[0]
        raise Refused(f"option {name!r} does not take {value!r}")

    def _thing(self, kind: int, value: Any) -> Any:
        """The member, channel or role that a value names: an object, a name, a mention or an id."""
        value = getattr(value, "member", value)
        tables: list[tuple[type, Mapping[int, Any]]] = []
        if kind in (USER, MENTIONABLE):
            tables.append((model.Member, self.guild.members))
        if kind in (ROLE, MENTIONABLE):
            tables.append((model.Role, self.guild.roles))
        if kind == CHANNEL:
            tables.append((model.Channel, {**self.guild.channels, **self.guild.threads}))
        for wanted, table in tables:
            if isinstance(value, wanted):
                return value
            key = re.sub(r"\D", "", str(value)) if re.fullmatch(r"<\D*\d+>|\d+", str(value)) else ""
            if key and int(key) in table:
                return table[int(key)]
            for thing in table.values():
                names = (thing.user.name, thing.nick) if isinstance(thing, model.Member) else (thing.name,)
                if str(value).lstrip("#@") in names:
                    return thing
        return None

    def choose(self, menu: Json, values: Sequence[Any], wanted: str) -> list[str]:
        """The values of a select menu, checked against what it offers and how many it takes."""
        if isinstance(values, str):
            values = [values]
        least, most = menu.get("min_values"), menu.get("max_values")
        least, most = 1 if least is None else least, 1 if most is None else most
        if not values and menu.get("required") is False:
            return []
        if not least <= len(values) <= most:
            raise Refused(f"the menu {wanted!r} takes {least} to {most} values, not {len(values)}")
        if "options" in menu:
            return [_option(menu["options"], value, wanted) for value in values]
        kind = {5: USER, 6: ROLE, 7: MENTIONABLE, 8: CHANNEL}[menu["type"]]
        found = [self._thing(kind, value) for value in values]
        if None in found:
            raise Refused(f"the menu {wanted!r} does not offer {values!r}")
        self.found += found
        return [str(thing.id) for thing in found]

    def fill(self, component: Json, given: dict[str, Any]) -> Json:
        """One part of a form, filled in; takes what it uses out of `given`."""
        entry: Json = {"type": component["type"], "id": component.get("id") or 1}
        if component["type"] == parts.LABEL:
            inner = component["component"]
            return entry | {"component": self._field(component["label"], inner, given)}
        if component["type"] == parts.ROW:
            inner = component["components"][0]
            label = inner.get("label") or inner["custom_id"]
            return entry | {"components": [self._field(label, inner, given)]}
        return entry

    def _field(self, label: str, one: Json, given: dict[str, Any]) -> Json:
        custom_id, kind = one["custom_id"], one["type"]
        value = given.pop(label, None)
        value = given.pop(custom_id, None) if value is None else value
        entry: Json = {"type": kind, "id": one.get("id") or 1, "custom_id": custom_id}
        required = one.get("required", True)
        if value is None and required and kind not in (parts.TEXT_INPUT, parts.CHECKBOX) and not _preset(one):
            raise Refused(f"the field {label!r} must be filled in")
        match kind:
            case 4:
                text = (one.get("value") or "") if value is None else str(value)
                low, high = one.get("min_length") or 0, one.get("max_length") or 4000
                if required and not text:
                    raise Refused(f"the field {label!r} must be filled in")
                if text and not low <= len(text) <= high:
                    raise Refused(f"the field {label!r} takes {low} to {high} characters, not {len(text)}")
                return entry | {"value": text}
            case 21:
                chosen = _preset(one) if value is None else [_option(one["options"], value, label)]
                return entry | {"value": chosen[0] if chosen else None}
            case 22:
                chosen = _preset(one) if value is None else [_option(one["options"], each, label) for each in value]
                least = one.get("min_values")
                if not (least if least is not None else int(required)) <= len(chosen) <= (one.get("max_values") or 10):
                    raise Refused(f"the field {label!r} does not take {len(chosen)} values")
                return entry | {"values": chosen}
            case 23:
                return entry | {"value": bool(one.get("default")) if value is None else bool(value)}
            case 19:
                files = [value] if isinstance(value, File) else list(value or ())
                if len(files) > (one.get("max_values") or 1):
                    raise Refused(f"the field {label!r} takes fewer than {len(files)} files")
                return entry | {"values": self._keep(files)}
        if value is None:
            return entry | {"values": _preset(one)}
        return entry | {"values": self.choose(one, value if isinstance(value, (list, tuple)) else [value], label)}

    def _keep(self, files: Sequence[File]) -> list[str]:
        kept = [stored(self.world, Upload("0", f.name, f.data), self.where, {}, ephemeral=True) for f in files]
        self.found += kept
        return [str(file.id) for file in kept]


def parse(text: str, specs: list[Json], path: list[str]) -> dict[str, str]:
    """Discord's text form: `title:Is AI limit:3`."""
    if not text:
        return {}
    names = "|".join(re.escape(spec["name"]) for spec in specs)
    pieces = re.split(rf"(?:^|\s)({names}):", text) if names else [text]
    if pieces[0].strip():
        raise Refused(
            f"/{' '.join(path)} does not understand {pieces[0].strip()!r}; options: {[s['name'] for s in specs]}"
        )
    return {name: value.strip() for name, value in zip(pieces[1::2], pieces[2::2], strict=True)}


def _number(value: Any, *, whole: bool) -> int | float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not whole:
        return number
    return int(number) if number == int(number) else None


def _option(options: list[Json], value: Any, where: str) -> str:
    for option in options:
        if value in (option["label"], option["value"]):
            return str(option["value"])
    raise Refused(f"{where!r} offers {[one['label'] for one in options]}, not {value!r}")


def _preset(one: Json) -> list[str]:
    if "options" in one:
        return [str(option["value"]) for option in one["options"] if option.get("default")]
    return [str(entry["id"]) for entry in one.get("default_values") or ()]
