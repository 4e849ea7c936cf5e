"""What of HTML reaches the parser: nothing deep, and little that is open at once."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from bot.newsletter.markup.nesting import MAX_DEPTH, tamed

MANY = 400


def depth(source: str) -> int:
    """How deep the last paragraph of the document stands."""
    node, steps = LexborHTMLParser(source).css("p")[-1], 0
    while node.parent is not None:
        node, steps = node.parent, steps + 1
    return steps


@pytest.mark.parametrize(
    "unit",
    [
        "<b><img alt='></b>'><p>x</p>",
        '<b><img alt = "></b>"><p>x</p>',
        "<!--><i>--><p>x</p>",
        "<!---><i>--><p>x</p>",
        "<!-- --!><i>--><p>x</p>",
        "<b><!</b><p>x</p>",
        "<b><? </b><p>x</p>",
        "<b></ </b><p>x</p>",
        "<b><!DOCTYPE </b><p>x</p>",
        "<b><![CDATA[</b><p>x</p>",
        "<b></x a='></b>'><p>x</p>",
        "<b><i></i </b><p>x</p>",
        "<!<!--><i>--><p>x</p>",
        "<svg><col><col></svg><p>x</p>",
        "<div><p>x</p>",
        "<DIV><p>x</p>",
    ],
)
def test_an_end_tag_that_is_none_hides_nothing_that_stays_open(unit: str) -> None:
    assert depth(tamed(unit * MANY)) <= MAX_DEPTH + 3


@pytest.mark.parametrize("foreign", ["svg", "math"])
def test_what_is_void_in_html_is_not_so_within_a_drawing(foreign: str) -> None:
    assert depth(tamed(f"<{foreign}>" + "<col>" * 2 * MANY + f"</{foreign}><p>x</p>")) <= MAX_DEPTH + 3


@pytest.mark.parametrize("deep", ["<div>" * MANY + "<p>x</p>" + "</div>" * MANY, "<p><b>" * MANY + "</b></p>" * MANY])
def test_what_is_closed_in_its_place_stands_no_deeper(deep: str) -> None:
    assert depth(tamed(deep)) <= MAX_DEPTH + 3


def test_formatting_around_paragraphs_is_opened_anew_for_few_of_them() -> None:
    opened = "".join([f"<u id={number}>" for number in range(40)])
    tree = LexborHTMLParser(tamed("<p>" + opened + "<p>x</p>" * MANY + "</u>" * 40 + "</p>"))
    assert len(tree.css("u")) < 40 * MANY / 2


def test_a_document_of_many_tags_is_left_as_it_is_where_all_are_closed() -> None:
    source = "<!doctype html><html><head><title>x</title></head><body>"
    source += "<table><tr><td><p><b>x</b> <a href='/%'>y</a><br><img src=/a.png></p></td></tr></table>" * MANY
    source += "<!-- <b> --></body></html>"
    assert tamed(source) is source
