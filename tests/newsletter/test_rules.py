"""Each rule of the reader against its own specimens, and no rule without any."""

import ast
from importlib import import_module
from pkgutil import walk_packages

import pytest

import bot.newsletter
from bot.newsletter.rules import RULES, Rule
from tests.test_house import ROOT, python_files

for _module in walk_packages(bot.newsletter.__path__, "bot.newsletter."):
    import_module(_module.name)

# what judges what newsletters write; the other rooms take documents apart by the rules of HTML, XML and Markdown
ROOMS: tuple[str, ...] = ()


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
