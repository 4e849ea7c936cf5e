"""Bytes -> text: byte order marks, declared and guessed character sets, and UTF-8 that was misread as another one."""

import codecs
import re

from bot.newsletter.formats.charsets import codec_of, read_as
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
_PROOF = 4  # so many letters that mean something for each place that does not
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)",
    re.IGNORECASE,
)


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
    text = content.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    letters = len(text) - len(text.encode("ascii", "ignore")) - bad
    if letters >= _PROOF * bad > 0:
        return text  # of no other set do so many letters form valid sequences by chance
    for codec in dict.fromkeys(_declared(content, content_type)):
        found, unknown = read_as(content, codec)
        if not unknown or _fits(found, unknown):
            return storable(found)
    # a document cut inside a character is still UTF-8
    if letters >= bad or text.find("\ufffd") >= len(text) - 1:
        return text
    return read_as(content, "cp1252")[0]


def _fits(text: str, unknown: int) -> bool:
    """The set explains nearly all: few places mean nothing in it, by the length of the text or by its letters."""
    if unknown <= len(text) // 2_000:
        return True
    letters = len(text) - len(text.encode("ascii", "ignore")) - unknown
    return letters >= _PROOF * unknown


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
    """Python's names of the sets that a document is said to be written in, but for UTF-8."""
    names = _CHARSET.findall(content_type or "")
    found = _META.search(content[:4096])
    if found is not None:
        names.append((found[1] or found[2]).decode("ascii", "replace"))
    return [codec for name in names if (codec := codec_of(name)) is not None and codec not in {"utf-8", "utf-8-sig"}]


def _wide(content: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes of `<` stand."""
    head = content[:4]
    return {
        b"\0\0\0<": "utf-32-be",
        b"<\0\0\0": "utf-32-le",
    }.get(head) or {b"\0<": "utf-16-be", b"<\0": "utf-16-le"}.get(head[:2])
