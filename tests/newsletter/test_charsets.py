"""A document is read in the character set that it names, as browsers read that name; a bad byte costs one letter."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.newsletter import read_newsletter
from bot.newsletter.formats.charsets import _CODECS, codec_of, read_as
from bot.newsletter.formats.encoding import decoded


def feed(title: bytes, declared: str) -> bytes:
    return (
        b'<?xml version="1.0" encoding="' + declared.encode() + b'"?><rss version="2.0"><channel><title>W</title>'
        b"<item><title>" + title + b"</title><link>https://w.example/1</link></item></channel></rss>"
    )


def title_of(title: bytes, declared: str) -> str:
    return read_newsletter(feed(title, declared), source="x.xml")[0].title


@pytest.mark.parametrize(
    ("declared", "codec", "title"),
    [
        ("gb2312", "gbk", "镕基与喆的故事"),
        ("GBK", "gb18030", "第二期：㐀字"),
        ("x-gbk", "gbk", "囍字"),
        ("Shift_JIS", "cp932", "髙橋さん①号"),
        ("x-sjis", "cp932", "№５㈱テスト"),
        ("euc-kr", "cp949", "똠방각하 펲시콜라"),
        ("ks_c_5601-1987", "cp949", "햏자"),
        ("big5", "big5hkscs", "啲嘢喺呢度"),
        ("Big5", "cp950", "十二€與其他"),
        ("iso-8859-1", "cp1252", "It’s “here” – 5 €"),
        ("us-ascii", "cp1252", "Café “Röst”"),
        ("latin1", "cp1252", "naïve…"),
        ("iso-8859-9", "cp1254", "İğne — iş"),
        ("windows-874", "cp874", "สวัสดี “ครับ”"),
        ("tis-620", "cp874", "ภาษาไทย…"),
        ("iso-8859-11", "cp874", "ข่าว"),
        ("iso-8859-8-i", "iso8859_8", "שלום עולם"),
        ("logical", "iso8859_8", "עברית"),
        ("koi8-ru", "koi8_u", "Новини їжака"),
        ("x-mac-cyrillic", "mac_cyrillic", "Новости"),
        ("x-cp1251", "cp1251", "Письмо №5"),
        ("dos-874", "cp874", "ไทย"),
        ("sun_eu_greek", "iso8859_7", "Ελληνικά"),
    ],
)
def test_a_name_means_what_browsers_take_it_for(declared: str, codec: str, title: str) -> None:
    assert title_of(title.encode(codec), declared) == title


@pytest.mark.parametrize(
    ("raw", "title"),
    [(b"\xad\xa1\xad\xb5 \xb4\xc1\xbb\xfa", "①Ⅰ 漢字"), (b"\xf9\xa1\xb4\xc1", "纊漢"), (b"\xb4\xc1\xa1\xc1", "漢～")],
)
def test_euc_jp_has_the_rows_that_nec_added(raw: bytes, title: str) -> None:
    assert title_of(raw, "euc-jp") == title


@pytest.mark.parametrize(
    ("declared", "codec", "text", "bad"),
    [
        ("gb2312", "gbk", "天气很好，我们去公园看花", b"\xff"),
        ("shift_jis", "cp932", "きょうはとてもいい天気", b"\xfd"),
        ("euc-kr", "cp949", "오늘은 날씨가 좋네요", b"\xff"),
        ("euc-jp", "euc_jp", "今日はいい天気ですね", b"\xff"),
        ("big5", "big5hkscs", "今天天氣很好我們去看花", b"\xff"),
        ("windows-1253", "cp1253", "Καλημέρα κόσμε", b"\xff"),
        ("utf-8", "utf-8", "Ça ira: voilà", b"\xff"),
        ("utf-8", "utf-8", "今天天氣很好", b"\xe4"),
    ],
)
def test_a_bad_byte_costs_one_letter(declared: str, codec: str, text: str, bad: bytes) -> None:
    raw = feed(text.encode(codec) + b" " + bad + b" x", declared)
    assert f"{text} \ufffd x" in decoded(raw)


@pytest.mark.parametrize(
    ("declared", "bad"),
    [
        ("euc-jp", [*range(0x80, 0x100)]),
        ("iso-2022-jp", [*range(0x80, 0x100)]),
        ("shift_jis", [*range(0x81, 0xA0), *range(0xE0, 0x100)]),
        ("euc-kr", [*range(0x80, 0x100)]),
        ("big5", [*range(0x80, 0x100)]),
        ("gbk", [*range(0x81, 0x100)]),
    ],
)
def test_a_bad_byte_leaves_the_ascii_behind_it(declared: str, bad: list[int]) -> None:
    codec = codec_of(declared)
    assert codec is not None
    for byte in bad:
        for sign in b" \n!\"#$%&'()*+,-./:;<=>?":
            assert read_as(bytes([65, byte, sign, 66]), codec) == (f"A\ufffd{chr(sign)}B", 1)


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        ("euc-jp", b"\xa9\xa1\xa4\xa2", "\ufffdあ"),  # a pair that no table has
        ("euc-jp", b"\xa4\xff\xa4\xa2", "\ufffdあ"),
        ("euc-jp", b"\x8f\xa1\xa1\xa4\xa2", "\ufffdあ"),
        ("euc-jp", b"\x8f\xa2<b>", "\ufffd<b>"),
        ("euc-jp", b"\x8e<\x8e\xb1", "\ufffd<ｱ"),
        ("iso-2022-jp", b'\x1b$B)!$"\x1b(B<', "\ufffdあ<"),
        ("iso-2022-jp", b"\x1b$B$\x1b(B<b>", "\ufffd<b>"),  # cut within a letter
        ("iso-2022-jp", b"\x1b(I1\x1b(B<", "ｱ<"),
        ("shift_jis", b"\x85\x9f\x82\xa0", "\ufffdあ"),
        ("shift_jis", b"\x85@\x82\xa0", "\ufffd@あ"),
        ("euc-kr", b"\xc9\xa1\xb0\xa1", "\ufffd가"),
        ("euc-kr", b"\xfeA\xb0\xa1", "\ufffdA가"),
        ("big5", b"\xa4\xff\xa4\xa4", "\ufffd中"),
        ("big5", b"\x81A\xa4\xa4", "\ufffdA中"),
        ("gb18030", b"\x81\xff\xb0\xa1", "\ufffd啊"),
        ("gb18030", b"\xfe9\xfe9\xb0\xa1", "\ufffd啊"),
        ("gb18030", b"\x810<", "\ufffd0<"),
        ("gb18030", b"\x80<", "€<"),
    ],
)
def test_a_letter_without_meaning_harms_none_behind_it(declared: str, raw: bytes, text: str) -> None:
    codec = codec_of(declared)
    assert codec is not None
    assert read_as(raw, codec)[0] == text


@given(
    st.sampled_from(["euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "big5", "gb18030"]),
    st.lists(st.sampled_from(["<b>", "日", "中", "本", " & ", '"', "x", "</a>\n"]), max_size=12),
    st.integers(0, 12),
)
def test_a_bad_byte_between_letters_costs_no_other(declared: str, texts: list[str], place: int) -> None:
    codec = codec_of(declared)
    assert codec is not None
    before, after = "".join(texts[:place]), "".join(texts[place:])
    assert read_as(before.encode(codec) + b"\xff" + after.encode(codec), codec) == (f"{before}\ufffd{after}", 1)


def test_utf_8_is_told_by_its_letters_whatever_is_declared() -> None:
    text = "Ünïcödé everywhere, ägain"
    assert text in decoded(feed(text.encode() + b" \xff", "iso-8859-1"))
    assert "Café" in decoded(feed("Café".encode("cp1252"), "utf-8"))
    assert decoded("naïve — oui".encode() + b"\xe2\x80") == "naïve — oui\ufffd"


def test_every_name_has_a_codec() -> None:
    assert all("<?xml".encode(codec) == b"<?xml" for codec in set(_CODECS.values()))
    assert codec_of("UTF-16") is codec_of("rot13") is codec_of("punycode") is codec_of("nonsense") is None


@given(content=st.binary(max_size=300), name=st.sampled_from([*_CODECS, "utf-8", "utf-16", "hz", "none", ""]))
@example(b"\xff" * 50, "euc-jp")
@example(b"\x1b$B\x7f\x7f\xff", "iso-2022-jp")
@example(b"\x80", "gbk")
def test_any_bytes_give_text(content: bytes, name: str) -> None:
    for text in (decoded(content, f"text/html; charset={name}"), decoded(b'<meta charset="' + name.encode() + content)):
        text.encode()


@pytest.mark.parametrize("name", ["euc-jp", "windows-1253", "gbk", "big5"])
def test_bytes_without_meaning_take_no_long_time(name: str) -> None:
    start = time.process_time()
    decoded(b"<p>" + b"\xad\xff" * 500_000, f"text/html; charset={name}")
    assert time.process_time() - start < 1
