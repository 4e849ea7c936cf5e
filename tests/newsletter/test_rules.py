"""Each rule of the reader against its own specimens, and no rule without any."""

import ast
import re
from importlib import import_module
from pkgutil import walk_packages

import pytest

import bot.newsletter
from bot.newsletter.rules import RULES, Rule, needed_words
from tests.test_house import ROOT, python_files

for _module in walk_packages(bot.newsletter.__path__, "bot.newsletter."):
    import_module(_module.name)

# what judges what newsletters write; the other rooms take documents apart by the rules of HTML, XML and Markdown
ROOMS = ("addresses", "platforms", "understanding")


def named(rule: Rule) -> str:
    return rule.means[:60]


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_rule_matches_its_specimens_and_nothing_that_looks_alike(rule: Rule) -> None:
    assert rule.means
    assert rule.source
    assert rule.specimens
    assert rule.others
    assert [specimen for specimen in rule.specimens if not rule.matches(specimen)] == []
    assert [other for other in rule.others if rule.matches(other)] == []


def test_what_judges_a_text_is_a_rule_with_specimens() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files(*(f"bot/newsletter/{room}" for room in ROOMS))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"
    ]
    assert bare == []


def test_what_a_rule_finds_has_one_of_the_words_that_it_needs() -> None:
    tried = 0
    for rule in RULES:
        try:
            words = needed_words(rule.pattern)
        except ValueError:
            continue
        small = bool(rule.pattern.flags & re.IGNORECASE)
        texts = [each.lower() if small else each for each in rule.specimens]
        assert [text for text in texts if not any(word in text for word in words)] == []
        tried += len(texts)
    assert tried > 20


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("loaf of (?:rye|wheat)", ("loaf of ",)),
        ("(?:rye|oats) ?loaf", ("loaf",)),
        ("(?i:a)?Rye|Bun", ("Bun", "Rye")),
        ("(?:bread){2}", ("bread",)),
        ("x(?>crumbs?)+", ("crumb",)),
    ],
)
def test_the_words_that_a_pattern_needs(pattern: str, words: tuple[str, ...]) -> None:
    assert needed_words(re.compile(pattern)) == words


@pytest.mark.parametrize("pattern", ["^", "[ab]", "a?", "rye|", r"\d+"])
def test_a_pattern_that_needs_no_word_says_so(pattern: str) -> None:
    with pytest.raises(ValueError, match=re.escape(pattern)):
        needed_words(re.compile(pattern))
