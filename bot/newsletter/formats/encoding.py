"""Bytes -> text: byte order marks, declared and guessed character sets, and UTF-8 that was misread as another one."""

import codecs
import re

from bot.newsletter.text import storable

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# the first two bytes of a UTF-8 sequence, as Mac Roman shows them; the wide range first is what makes the search fast
_MISREAD = re.compile(
    f"[^\x00-\x7f](?<=[{bytes(range(0xC2, 0xF5)).decode('mac_roman')}])[{bytes(range(0x80, 0xC0)).decode('mac_roman')}]"
)
_MAC_TRAIL = re.escape(bytes(range(0x80, 0xC0)).decode("mac_roman"))
# three and four bytes: no sound text has such a letter right before two or three others that fit it
_LONG_MISREAD = re.compile(
    f"[{bytes(range(0xE0, 0xF0)).decode('mac_roman')}][{_MAC_TRAIL}]{{2}}"
    f"|[{bytes(range(0xF0, 0xF5)).decode('mac_roman')}][{_MAC_TRAIL}]{{3}}"
)
# a word of a language that needs two bytes for each of its letters
_MISREAD_WORD = re.compile(f"(?:[{re.escape(bytes(range(0xC2, 0xE0)).decode('mac_roman'))}][{_MAC_TRAIL}]){{3}}")
# a letter of Western Europe: its first byte shows as one of four signs. Formulas hold some of them ("2√π", "x≈∞"):
# there it has to stand within a word or after two letters of one that is no function, but for the French "où" and what
# stands after numbers and units ("20°", "3º", "m²")
_NO_FUNCTION = r"(?<!(?:sin|cos|tan|cot|log|exp|max|min|lim).)(?<!\bln.)"
_MISREAD_LETTER = re.compile(
    f"[¬√ƒ≈](?:[{_MAC_TRAIL}](?<![πµΩ∂∑∏∫∞±≤≥≠])"
    f"|{_NO_FUNCTION}(?:(?<=[A-Za-z]{{2}}.)[{_MAC_TRAIL}](?![0-9])|(?<=[A-Za-z].)[{_MAC_TRAIL}](?=[A-Za-z])))"
    "|\\b[oO]√π|(?<=[0-9])¬∞|(?<=[0-9nN])¬∫|(?<=[A-Za-z0-9])¬[≤≥]"
)
# letters beyond Latin ones, and marks that stand over others, right beside a Latin letter: a word of no language
_PATCHWORK = re.compile("[A-Za-z][\u0180-\u07ff]|[\u0180-\u07ff][A-Za-z]")
_BEYOND_LATIN = re.compile("[\u0180-\u07ff]")
# the first two bytes of a UTF-8 sequence as Windows-1252 and Latin-1 show them
_AS_WINDOWS = re.compile(f"[\xc2-\xf4][\x80-\xbf{re.escape(bytes(range(0x80, 0xA0)).decode('cp1252', 'ignore'))}]")
# letters that only seem to begin one: at the end of a Portuguese word in capitals ("AMANHÃ ÀS", "CAMPEÃ—2024"), and
# the ångström ("10 Å²")
_SOUND = re.compile(
    r"(?<=[A-ZÀ-Þ])[ÃÂ](?=\s|[.,;:!?”’»…®]|[—–“‘™](?![A-ZÀ-Þ]))|(?<=[0-9])Å(?=[²³±])|(?<=[0-9] )Å(?=[²³±])"
)
_KEPT = "\ufdd0"  # no character at all, so that it stands in no text
# the closing quotation mark, whose last byte means nothing in Windows-1252 and is lost on the way
_LOST_QUOTE = re.compile(r"â€(?:\ufffd|(?=[\s.,;:!?)<]|$))")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)",
    re.IGNORECASE,
)
# what Python decodes "text" from although no document is written in it; punycode takes the square of the length
_NO_CHARACTER_SETS = frozenset("punycode idna undefined unicode-escape raw-unicode-escape utf-7 hz".split())


def decoded(content: bytes, content_type: str | None = None) -> str:
    """The text of a document; never fails: what no character set explains becomes U+FFFD."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content.decode(name, "replace")
    wide = _wide(content)
    if wide is not None:
        return content.decode(wide, "replace")
    # ISO-2022 changes its alphabets by escapes: its bytes are valid UTF-8, but mean something else
    if b"\x1b" not in content:
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            pass
    for name in _declared(content, content_type):
        try:
            return storable(content.decode(name))
        except (UnicodeError, LookupError):
            continue
    # a document cut inside a character is still UTF-8
    text = content.decode("utf-8", "replace")
    if text.count("\ufffd") <= 1 + len(text) // 2_000:
        return text
    return content.decode("cp1252", "replace")


def mended(text: str) -> str:
    """The text with UTF-8 that was misread as Mac Roman, Windows-1252 or Latin-1 put right, line by line."""
    if text.isascii():
        return text
    text = _mended_mac(text)
    if _AS_WINDOWS.search(text) is None:
        return text
    from ftfy import fix_encoding  # few documents need it

    def fixed(line: str) -> str:
        kept = _SOUND.findall(line)
        line = fix_encoding(_SOUND.sub(_KEPT, line)) if kept else fix_encoding(line)
        letters = iter(kept)
        return re.sub(_KEPT, lambda _: next(letters, _KEPT), line) if kept else line

    lines = _LOST_QUOTE.sub("”", text).splitlines(keepends=True)
    return "".join([fixed(line) if _AS_WINDOWS.search(line) else line for line in lines])


def _mended_mac(text: str) -> str:
    """A line counts as misread when its bytes are valid UTF-8 and it shows what sound text does not.

    Validity alone proves nothing: in "L’économie" the apostrophe and the letter after it form a sequence of two bytes.
    Proof is a sequence of three or four bytes, a word of two-byte letters, or a sign like `√` within Latin words; where
    one line of the text has proof, the others need only give no nonsense.
    """
    if _MISREAD.search(text) is None:
        return text
    lines = text.splitlines(keepends=True)
    is_proven = any(_LONG_MISREAD.search(line) and _as_utf8(line) is not None for line in lines)
    return "".join([_mended_line(line, is_proven=is_proven) for line in lines])


def _mended_line(line: str, *, is_proven: bool) -> str:
    if line.isascii():
        return line
    read = _as_utf8(line)
    if read is None:
        return line
    if _LONG_MISREAD.search(line) or _MISREAD_WORD.search(line):
        return read
    if is_proven:
        return line if _PATCHWORK.search(read) else read
    return read if _MISREAD_LETTER.search(line) and _BEYOND_LATIN.search(read) is None else line


def _as_utf8(line: str) -> str | None:
    try:
        return line.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return None


def _declared(content: bytes, content_type: str | None) -> list[str]:
    names = _CHARSET.findall(content_type or "")
    found = _META.search(content[:4096])
    if found is not None:
        names.append((found[1] or found[2]).decode("ascii", "replace"))
    return [name for name in names if name.lower() not in {"utf-8", "utf8"} and _is_character_set(name)]


def _is_character_set(name: str) -> bool:
    """Python knows the name, and a document that begins with a readable `<` may really be written in it.

    That is false for UTF-16, which was told by its bytes before, and for what is no character set (rot13, punycode).
    """
    try:
        return codecs.lookup(name).name not in _NO_CHARACTER_SETS and b"<?xml".decode(name) == "<?xml"
    except (LookupError, ValueError):
        return False


def _wide(content: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes of `<` stand."""
    head = content[:4]
    return {
        b"\0\0\0<": "utf-32-be",
        b"<\0\0\0": "utf-32-le",
    }.get(head) or {b"\0<": "utf-16-be", b"<\0": "utf-16-le"}.get(head[:2])
