"""Names of character sets as the web uses them (WHATWG Encoding Standard, section 4.2) -> what decodes them.

A name means the widest set of its family, because that is what people write under it: `gb2312` stands before letters of
GBK, `shift_jis` before signs of Windows, `iso-8859-1` before Windows-1252. Entry points: `codec_of`, `read_as`.
"""

import codecs
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache

_NAMES = {
    "cp1252": """ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591
        iso_8859-1 iso_8859-1:1987 l1 latin1 latin-1 us-ascii windows-1252 x-cp1252""",
    "iso8859_2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859_3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859_4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859_5": """csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5
        iso_8859-5:1988""",
    "iso8859_6": """arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e
        iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987""",
    "iso8859_7": """csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597
        iso_8859-7 iso_8859-7:1987 sun_eu_greek""",
    "iso8859_8": """csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i iso-ir-138
        iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical visual""",
    "iso8859_10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859_13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859_14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859_15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso8859_16": "iso-8859-16",
    "koi8_r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8_u": "koi8-ru koi8-u",
    "mac_roman": "csmacintosh mac macintosh x-mac-roman",
    "mac_cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp866": "866 cp866 csibm866 ibm866",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": """cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5
        windows-1254 x-cp1254""",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "gb18030": """chinese csgb2312 csiso58gb231280 gb18030 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk cp936
        euc-cn""",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp_ext": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932",
    "cp949": """cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601
        windows-949 cp949""",
}
_CODECS = {name: codec for codec, names in _NAMES.items() for name in names.split()}

# what Python decodes "text" from although no document is written in it; punycode takes the square of the length
_NO_CHARACTER_SETS = frozenset("punycode idna undefined unicode-escape raw-unicode-escape utf-7 hz".split())
# signs that two tables give different numbers; the web's are those of Windows
_AS_ON_THE_WEB = {
    "euc_jp": ("〜−‖¢£¬", "～－∥￠￡￢"),
    "iso2022_jp_ext": ("〜−‖¢£¬", "～－∥￠￡￢"),
    "cp932": ("\uf8f0\uf8f1\uf8f2\uf8f3", "\ufffd" * 4),  # bytes that stand for nothing
    "big5hkscs": ("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡"),
}
_MOST_ASKED = 20_000
"""So many places are looked at more closely than Python does by itself."""


def codec_of(name: str) -> str | None:
    """The name of Python's codec for a document that says it is written in `name`; None for what is no character set.

    A document that begins with a readable `<` may really be written in it: that is false for UTF-16 and UTF-32, which
    are told by their bytes, and for what is no character set (rot13, punycode).
    """
    known = _CODECS.get(name.strip().lower())
    if known is not None:
        return known
    try:
        codec = codecs.lookup(name).name
        return codec if codec not in _NO_CHARACTER_SETS and b"<?xml".decode(codec) == "<?xml" else None
    except (LookupError, ValueError):
        return None


def read_as(content: bytes, codec: str) -> tuple[str, int]:
    """The text in one of `codec_of`'s codecs, and how many places mean nothing in it: each is one U+FFFD."""
    table = _table(codec)
    if table is not None:
        text = codecs.charmap_decode(content, "replace", table)[0]
        return text, text.count("\ufffd")
    text = content.decode(codec, "replace")
    if codec in _LETTERS and 0 < text.count("\ufffd") <= _MOST_ASKED:
        text = content.decode(codec, "as-on-the-web")
    for sign, shown in zip(*_AS_ON_THE_WEB.get(codec, ("", "")), strict=True):
        text = text.replace(sign, shown)
    return text, text.count("\ufffd")


@cache
def _table(codec: str) -> str | None:
    """What each of the 256 bytes means; None where letters take several. Python asks for each byte without meaning."""
    if not codec.startswith(("cp125", "cp8", "iso8859", "koi8", "mac_")):
        return None
    return "".join([bytes([byte]).decode(codec, "replace") for byte in range(256)])


# What goes for one letter that no table has. Where its last byte is ASCII, that byte is none of it, but itself.
_LETTERS = {
    "euc_jp": re.compile(rb"\x8f[\xa1-\xfe][\x80-\xff]|[\x8e\x8f\xa1-\xfe][\x80-\xff]"),
    "iso2022_jp_ext": re.compile(rb"[!-~]{2}"),
    "cp932": re.compile(rb"[\x81-\x9f\xe0-\xfc][\x80-\xff]"),
    "cp949": re.compile(rb"[\x81-\xfe][\x80-\xff]"),
    "big5hkscs": re.compile(rb"[\x81-\xfe][\x80-\xff]"),
    "gb18030": re.compile(rb"[\x81-\xfe](?:[\x80-\xff]|[0-9][\x81-\xfe][0-9])"),
}


def _from_windows(pair: bytes) -> str:
    """A sign of JIS X 0208 with the rows that NEC added, which Windows' Shift_JIS has and EUC-JP of Python has not."""
    row, cell = pair[0] - 0xA0, pair[1] - 0xA0
    lead = (row + 1) // 2 + (0x80 if row < 63 else 0xC0)
    trail = cell + 0x9E if row % 2 == 0 else cell + (0x3F if cell < 64 else 0x40)
    return bytes((lead, trail)).decode("cp932")


_OTHERS: dict[str, tuple[re.Pattern[bytes], Callable[[bytes], str]]] = {
    "euc_jp": (re.compile(rb"[\xa1-\xfe]{2}"), _from_windows),
    "iso2022_jp_ext": (re.compile(rb"[!-~]{2}"), lambda pair: _from_windows(bytes(byte | 0x80 for byte in pair))),
    "big5hkscs": (re.compile(rb"[\x81-\xfe][@-~\xa1-\xfe]"), lambda pair: pair.decode("cp950")),
    "gb18030": (re.compile(rb"\x80"), lambda _: "€"),
}
"""Another table of the same family: the bytes that are looked up in it, and how."""


def _as_browsers(error: UnicodeError) -> tuple[str, int]:
    """What another table of the same family knows; else one U+FFFD for what goes for a letter, or for one byte."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    codec = error.encoding.replace("-", "_").lower()
    pattern, other = _OTHERS.get(codec, (None, None))
    asked = pattern.match(error.object, error.start) if pattern else None
    if asked is not None and other is not None:
        with suppress(UnicodeError):
            return other(asked[0]), asked.end()
    letter = _LETTERS[codec].match(error.object, error.start)
    return "\ufffd", letter.end() if letter else error.start + 1


codecs.register_error("as-on-the-web", _as_browsers)
