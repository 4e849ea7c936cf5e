"""What stands packed in an address: in its segments, its parameters, in base64 and JSON.

Whatever is not what it should be raises ValueError, LookupError or TypeError.
"""

import base64
import json
from urllib.parse import SplitResult, parse_qs, unquote

_URL_SAFE = str.maketrans("-_", "+/")
_MOST_FIELDS = 200


def segments(parts: SplitResult) -> list[str]:
    """What stands between the slashes of a path, as written: those of a packed address are percent-encoded."""
    return parts.path.split("/")[1:]


def parameter(query: str, *names: str) -> str | None:
    """The value of the first of these parameters that is there."""
    fields = parse_qs(query, max_num_fields=_MOST_FIELDS)
    for name in names:
        if name in fields:
            return fields[name][0]
    return None


def from_base64(text: str) -> bytes:
    """Both base64 alphabets, padded or not."""
    cleaned = unquote(text).strip().rstrip("=").translate(_URL_SAFE)
    return base64.b64decode(cleaned + "=" * (-len(cleaned) % 4))


def url_from_base64(text: str) -> str | None:
    """The address in base64; None where something else is in it."""
    decoded = from_base64(text).decode("utf-8", "strict")
    return decoded if decoded.startswith("http") else None


def json_field(raw: bytes, name: str) -> str | None:
    """The text that an object in JSON has under a name."""
    value = json.loads(raw)
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None
