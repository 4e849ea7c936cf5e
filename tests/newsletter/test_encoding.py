"""UTF-8 that was misread as another character set is put right, and nothing else is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.newsletter.formats.encoding import mended

MARKS = "’‘“”«»—–…‹›„‚•·¿¡°"
LETTERS = "éèêëàâäáãåçñöóôòõüúùûíìîïÉÈÊËÀÂÄÁÃÅÇÑÖÓÔÒÕÜÚÙÛÍÌÎÏæøßœÆØŒ"


@pytest.mark.parametrize(
    "sound",
    [
        "L’économie",
        "l’école",
        "L’Équipe",
        "—Él vino",
        "“Évolution",
        "«Été»",
        "50 Â",
        "ÂNGELA E ÊNIO",
        "Beyoncé’s",
        "CAFÉ’S – À “LA CARTE”",
        "Ελληνικά, русский, 日本語, Tiếng Việt",
        "10 Å² and 2.5Å³, d=2Å±0.1",
        "CAMPEÃ—2024, MAÇÃ™, AMANHÃ ÀS 10H, IRMÃ “DULCE”",
        "The constant √π is near 1.77",
        "…à demain",
    ],
)
def test_sound_text_with_accents_stays_as_it_is(sound: str) -> None:
    assert mended(sound) == sound


@given(
    st.lists(
        st.tuples(
            st.text("abcxyzABC", max_size=3),
            st.sampled_from(MARKS),
            st.sampled_from(LETTERS),
            st.text("abcdefghijklmnopqrstuvwxyz ", min_size=1, max_size=8),
        ).map("".join),
        min_size=1,
        max_size=4,
    ).map("\n".join)
)
@example("l’écran")
def test_a_mark_before_an_accented_letter_stays_as_it_is(sound: str) -> None:
    assert mended(sound) == sound


@pytest.mark.parametrize(
    "whole",
    [
        "Café",
        "où est-il",
        "20°C",
        "3º",
        "nº 5",
        "x²",
        "5 m³",
        "It’s here",
        "🫦 BEN'S BITES",
        "Привет, мир",
        "naïve — très",
        "don’t\nCafé\nα and β",
    ],
)
@pytest.mark.parametrize("seen_as", ["mac_roman", "latin-1", "windows-1252"])
def test_misread_text_is_put_right(whole: str, seen_as: str) -> None:
    misread = whole.encode()
    # As browsers read it: what Windows-1252 has no sign for is a control character.
    read = bytes.decode if seen_as != "windows-1252" else _as_browsers_do
    assert mended(read(misread, seen_as)) == whole


def _as_browsers_do(content: bytes, seen_as: str) -> str:
    return "".join(bytes([byte]).decode(seen_as, "ignore") or chr(byte) for byte in content)


@pytest.mark.parametrize(
    ("misread", "whole"),
    [
        ("â€œHiâ€ said donâ€™t", "“Hi” said don’t"),
        ("â€œHiâ€\ufffd said", "“Hi” said"),
        ("<b>â€œHiâ€</b>", "<b>“Hi”</b>"),
        ("prÃªt Ã  porter", "prêt à porter"),
        ("naÃ¯ve — “quotes” stay", "naïve — “quotes” stay"),
        ("Beyoncé’s donâ€™t\nLa Niña", "Beyoncé’s don’t\nLa Niña"),
        ("twice donÃ¢â‚¬â„¢t", "twice don’t"),
        ("AMANHÃ ÀS 10H\ndonâ€™t", "AMANHÃ ÀS 10H\ndon’t"),
        ("IRMÃ “DULCE” e AMANHÃ ÀS 10H: nÃ£o", "IRMÃ “DULCE” e AMANHÃ ÀS 10H: não"),
    ],
)
def test_what_was_lost_on_the_way_does_not_hinder(misread: str, whole: str) -> None:
    assert mended(misread) == whole


def test_the_seed_is_put_right_byte_for_byte(seed: bytes) -> None:
    text = seed.decode()
    assert mended(text) == text.encode("mac_roman").decode()


def test_one_misread_line_does_not_spoil_the_sound_ones() -> None:
    misread = "It’s here".encode().decode("mac_roman")
    assert mended(f"{misread}\nL’économie\n") == "It’s here\nL’économie\n"


@pytest.mark.parametrize(
    "text",
    [
        "The circle has radius 2√π.",
        "1/(2√π)",
        "x≈π, or x≈∞",
        "k≈±1",
        "x√π and 3≈π",
        "sd≈±2",
        "a mean≈±2 of it",
        "log√π",
        "ln√π",
        "sin√πx",
        "exp√±1",
    ],
)
def test_formulas_stay_as_they_are(text: str) -> None:
    assert mended(text) == text
    assert mended(f"Beyoncé’s {text}\n{text}") == f"Beyoncé’s {text}\n{text}"


def test_a_letter_within_a_word_is_still_put_right() -> None:
    assert mended("el ni√±o y la ma√±ana") == "el niño y la mañana"
