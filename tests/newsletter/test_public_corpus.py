"""Invented issues in the shapes of real platforms, each with what a reader of the mail would say is right beside it."""

import difflib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.newsletter import read_newsletter
from bot.newsletter.as_json import issue_as_json
from bot.newsletter.formats.sniffing import Kind, kind_of

FOLDER = Path(__file__).parents[1] / "corpus"
EXPECTED = ".expected.json"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.name != "README.md" and not path.name.endswith(EXPECTED))
NO_PLATFORM = {"generator", "markdown"}
LARGEST = 12_000


def expected(name: str) -> list[dict[str, Any]]:
    issues: list[dict[str, Any]] = json.loads((FOLDER / (name + EXPECTED)).read_text("utf-8"))
    return issues


def reading(name: str) -> list[dict[str, Any]]:
    content = (FOLDER / name).read_bytes()
    return [issue_as_json(issue, source=name) for issue in read_newsletter(content, source=name)]


def links_of(name: str, issues: list[dict[str, Any]]) -> Counter[tuple[str, int, str]]:
    return Counter((name, number, link["url"]) for number, issue in enumerate(issues) for link in issue["links"])


def score() -> str:
    """Precision and recall of the links of all files, to be told beside any difference."""
    right: Counter[tuple[str, int, str]] = Counter()
    found: Counter[tuple[str, int, str]] = Counter()
    for name in FILES:
        right += links_of(name, expected(name))
        found += links_of(name, reading(name))
    both = (right & found).total()
    return (
        f"links of the whole corpus: precision {both / max(found.total(), 1):.3f}, "
        f"recall {both / max(right.total(), 1):.3f} ({right.total()} expected, {found.total()} read)"
    )


def lines(issues: list[dict[str, Any]]) -> list[str]:
    """For a difference that is read: sections hold the links already."""
    told = [{name: value for name, value in issue.items() if name != "links"} for issue in issues]
    return json.dumps(told, ensure_ascii=False, indent=1).splitlines()


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_read_as_a_reader_of_the_mail_would(name: str) -> None:
    right, found = expected(name), reading(name)
    if found != right:
        difference = difflib.unified_diff(lines(right), lines(found), "expected", "read", lineterm="")
        pytest.fail("\n".join([name, *difference, score()]), pytrace=False)


def test_each_file_has_its_expectation_and_each_expectation_its_file() -> None:
    said = {path.name.removesuffix(EXPECTED) for path in FOLDER.iterdir() if path.name.endswith(EXPECTED)}
    assert said == set(FILES)


def test_links_of_an_expectation_are_those_of_its_sections_in_order() -> None:
    for name in FILES:
        for issue in expected(name):
            within = [link for section in issue["sections"] for link in section["links"]]
            assert issue["links"] == within, name
            titles = [section["title"] for section in issue["sections"] for _ in section["links"]]
            assert [link["section"] for link in within] == titles, name


def test_the_corpus_has_many_platforms_formats_and_issues_in_small_files() -> None:
    platforms = {name.partition("-")[0] for name in FILES} - NO_PLATFORM
    assert len(platforms) >= 6, platforms
    formats = {format_of(name) for name in FILES}
    assert formats >= {"rss", "atom", "json", "html", "markdown"}
    assert sum(len(expected(name)) for name in FILES) >= 40
    for name in FILES:
        assert (FOLDER / name).stat().st_size <= LARGEST, name


def test_the_corpus_shows_what_issues_are_made_of() -> None:
    issues = [issue for name in FILES for issue in expected(name)]
    for part in ("subtitle", "topics", "authors", "published_at", "image_url", "paywalled", "images", "polls"):
        assert any(issue[part] for issue in issues), part
    assert any(link["sponsored"] for issue in issues for link in issue["links"])
    assert any(image["caption"] for issue in issues for image in issue["images"])


def format_of(name: str) -> str:
    content = (FOLDER / name).read_bytes()
    kind = kind_of(content, source=name, content_type=None)
    if kind is Kind.FEED:
        return "atom" if b"<feed" in content else "rss"
    return str(kind.value)
