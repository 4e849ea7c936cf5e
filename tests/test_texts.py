"""What people read: every text that is asked for is there, with its parameters, and is plain English."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from fluent.syntax import ast as fluent
from fluent.syntax import parse

from bot.errors import OperatorError
from bot.texts import languages, message_ids, text

ROOT = Path(__file__).parents[1]
CATALOGUE = (ROOT / "bot/locales/en.ftl").read_text(encoding="utf-8")
_ID = re.compile(r"[a-z]+(-[a-z]+)+")
_ASKING = {
    "text",
    "say",
    "reply",
    "FetchError",
    "UnreadableError",
    "DeliveryError",
    "DeliveryRefusedError",
    "RefusedError",
    "NotFoundError",
    "Problem",
}


def asked_for() -> set[str]:
    """Ids that stand as strings in calls of the catalogue and in errors."""
    found = set()
    for path in [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_every_text_of_the_catalogue_is_used() -> None:
    assert sorted(message_ids() - asked_for()) == []


def named_in(path: Path) -> Iterator[object]:
    """What is handed to the catalogue in a file: first arguments, `message_id=…`, and what `message_id` is set to."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _ASKING:
            yield from (argument.value for argument in node.args if isinstance(argument, ast.Constant))
        elif isinstance(node, ast.keyword) and node.arg == "message_id" and isinstance(node.value, ast.Constant):
            yield node.value.value
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "message_id":
            yield from (part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))


def test_every_text_that_is_asked_for_exists() -> None:
    paths = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/*.py")]
    asked = {name for path in paths for name in named_in(path) if isinstance(name, str) and _ID.fullmatch(name)}
    assert len(asked) > 40
    assert sorted(asked - message_ids()) == []


def test_every_language_has_only_texts_that_english_has_with_the_same_parameters() -> None:
    def parameters(catalogue: str) -> dict[str, set[str]]:
        entries = re.split(r"^(?=[a-z][a-z-]* = )", catalogue, flags=re.MULTILINE)[1:]
        return {entry.split(" = ")[0]: set(re.findall(r"\$(\w+)", entry)) for entry in entries}

    english = parameters(CATALOGUE)
    assert english.keys() == message_ids()
    for language in languages()[1:]:
        other = parameters((ROOT / f"bot/locales/{language}.ftl").read_text(encoding="utf-8"))
        assert {key: english.get(key) for key in other} == other


def test_a_language_without_a_catalogue_gets_english() -> None:
    for language in ("en", "en-GB", "zz", "", "../../secret"):
        assert text("button-all-links", language=language) == "All links"


def test_numbers_choose_their_form() -> None:
    assert text("issue-link-count", count=1) == "**1** link"
    assert text("issue-link-count", count=23) == "**23** links"


def test_a_missing_text_or_parameter_is_an_error_of_the_code() -> None:
    with pytest.raises(KeyError):
        text("no-such-text")
    with pytest.raises(ValueError, match="count"):
        text("issue-link-count")


# Plain English

MOST_WORDS = 20
GUIDES = [ROOT / name for name in ("README.md", "PRIVACY.md")]
GUIDES += [ROOT / f"docs/{name}.md" for name in ("moderators", "editors", "operators", "architecture", "benchmarks")]
# Literary, old-fashioned or foreign turns, and second names of things that have a name.
_OUT = [
    r"what bec[ao]mes? of|bec[ao]me of",
    r"\blets? (it |them |\w+ )?go\b|\blets .+ go\b",
    r"\bso that\b",
    r"\bwhoever\b|\bwhichever\b|\bwhatever\b",
    r"\bby (itself|themselves)\b|\bof itself\b",
    r"\bfor want of\b|\bfor the rest\b|\ball the same\b",
    r"\b(is|are|was|were|be) told\b|\btells? of\b",
    r"\bonce more\b|\banew\b",
    r"\bbesides?\b(?! messages)|\bupon\b|\bthere(by|in|of|upon)\b|\bhence\b",
    r"\bmeanwhile\b|\bherewith\b|\bshall\b|\bought to\b",
    r"\bmend(s|ed)?\b|\bstruck\b",
    r"\bgives? leave\b|\bgave leave\b|\bwithout leave\b|\bby chance\b",
    r"\bpassed (it )?by\b|\bkept about\b|\bkept sealed\b",
    r"\b(send|sends|sent|sending) (\w+ ){0,3}in\b(?! (a|an|the|your|this|which)\b| \d)",
    r"\btak(e|es|en|ing) (it |them |that |one )?back\b|\btook (it |them |this issue )?back\b",
    r"\bfolds?\b|\bfolded\b|\bstands (there|here|already)\b",
]
# People read of issues that are posted; to developers it is the name of a room.
_OUT_FOR_PEOPLE = r"\bannounces?\b|\bannounced\b|\bannouncing\b"
_QUOTED = re.compile(r"[\"“][^\"”]*[\"”]|\*[^*]+\*")
_NO = r"\b(?:not|never|cannot|no|nobody|nothing|none|neither|without|nowhere)\b"
_CLAUSE = re.compile(r"[,;:]| (?:and|but|or|if|when|because|that) ")


def shown(pattern: fluent.Pattern) -> Iterator[str]:
    """Every form of a text, with a word for each parameter; reasons are sentences of their own."""
    parts: list[list[str]] = []
    for element in pattern.elements:
        if isinstance(element, fluent.TextElement):
            parts.append([element.value])
        elif isinstance(element.expression, fluent.SelectExpression):
            parts.append([form for variant in element.expression.variants for form in shown(variant.value)])
        elif isinstance(element.expression, fluent.VariableReference):
            parts.append(["Reason." if element.expression.id.name in {"reason", "problem", "line"} else "word"])
        else:
            parts.append([element.expression.value if isinstance(element.expression, fluent.StringLiteral) else ""])
    return ("".join(chosen) for chosen in product(*parts))


def catalogue_texts() -> Iterator[tuple[str, str]]:
    for message in parse(CATALOGUE).body:
        if isinstance(message, fluent.Message) and message.value is not None:
            for form in shown(message.value):
                yield message.id.name, form


def guide_texts() -> Iterator[tuple[str, str]]:
    """Paragraphs, list items and cells of tables; code blocks and addresses are nobody's prose."""
    for path in GUIDES:
        for block in re.split(r"\n\s*\n", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)):
            for item in re.split(r"\n\s*(?:[-*]|\d+\.) |\n(?=\|)", block):
                for cell in item.split("|") if item.startswith("|") else [item]:
                    yield path.name, " ".join(re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<img[^>]*>", r"\1", cell).split())


def sentences(prose: str) -> Iterator[str]:
    prose = re.sub(r"<[#@:/][^>]*>", "word", re.sub(r"`[^`]*`", "code", prose))
    yield from re.split(r"(?<=[.!?])[*_)”\"]*\s+(?=\W*\w)|\n", prose)


EVERY_TEXT = sorted({*catalogue_texts(), *guide_texts()})


def test_no_sentence_is_longer_than_a_second_language_reader_likes() -> None:
    long = {
        (where, sentence)
        for where, prose in EVERY_TEXT
        for sentence in sentences(prose)
        if sum(bool(re.search(r"\w", word)) for word in sentence.split()) > MOST_WORDS
    }
    assert sorted(long) == []


def test_no_text_uses_an_old_fashioned_turn_or_another_name_for_a_thing() -> None:
    out = re.compile("|".join(_OUT), re.IGNORECASE)
    out_for_people = re.compile("|".join([*_OUT, _OUT_FOR_PEOPLE]), re.IGNORECASE)
    found = {
        (where, turn.group(), prose)
        for where, prose in EVERY_TEXT
        if (turn := (out if where == "architecture.md" else out_for_people).search(prose))
    }
    assert sorted(found) == []


def test_no_clause_denies_twice() -> None:
    found = {
        (where, clause)
        for where, prose in EVERY_TEXT
        for sentence in sentences(prose)
        for clause in _CLAUSE.split(_QUOTED.sub("", sentence))
        if len(re.findall(_NO, clause, re.IGNORECASE)) > 1
    }
    assert sorted(found) == []


def subclasses(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from subclasses(child)


# What takes no prose of ours: the log, errors of the code, patterns, names of tasks.
_SILENT = {"debug", "info", "warning", "error", "exception", "critical", "compile", "create_task", "cast", "TypeVar"}
# Sentences for who runs the bot: all of these errors in every file take them from the catalogue.
_OPERATORS = {kind.__name__ for kind in [OperatorError, *subclasses(OperatorError)]}
# What a person sees: its literals hold no letters, only what is between texts of the catalogue.
_SHOWING = {"TextDisplay", "Button", "SelectOption", "TextInput", "Label", "Select", "Choice", "sentence_view"}
_SHOWN_BY_NAME = {"label", "description", "placeholder", "title", "content", "text", "default"}
_PROSE = re.compile(r"[A-Za-z]{2,}[,:]? +[A-Za-z]{2,}")


def literals(node: ast.AST) -> Iterator[ast.Constant]:
    """The strings in a piece of code that may be shown; docstrings, the log and our own errors are not."""
    called = node.func if isinstance(node, ast.Call) else None
    if getattr(called, "attr", getattr(called, "id", "")) in _SILENT or isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def shown_as_they_are(node: ast.expr) -> Iterator[str]:
    """The strings that an expression puts together, without what calls inside it make."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.FormattedValue):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                yield from shown_as_they_are(child)


def test_no_text_stands_outside_the_catalogue() -> None:
    names = {name.removeprefix("/") for name in re.findall(r"`/([a-z]+(?: [a-z]+)?)`", "".join(map(_read, GUIDES)))}
    names |= {"the card", "turn to answer", "Value error, "}  # a mark, the name of an attribute, and what pydantic adds
    found = []
    operators = ("__main__", "app", "check", "export", "importing", "invite", "preview", "settings", "services/health")
    for path in [
        *ROOT.glob("bot/chat/*.py"),
        *ROOT.glob("cogs/*.py"),
        ROOT / "bot/client.py",
        *(ROOT / f"bot/{name}.py" for name in operators),
    ]:
        tree = ast.parse(_read(path))
        for literal in literals(tree):
            prose = str(literal.value)
            if _PROSE.search(prose) and prose.removeprefix("/") not in names and not prose.startswith("python -m bot "):
                found.append(f"{path.name}:{literal.lineno} {prose!r}")
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            called = call.func.value if isinstance(call.func, ast.Subscript) else call.func
            if getattr(called, "attr", getattr(called, "id", "")) not in _SHOWING:
                continue
            named = [each.value for each in call.keywords if each.arg in _SHOWN_BY_NAME]
            given = [text for expression in [*call.args, *named] for text in shown_as_they_are(expression)]
            found += [f"{path.name}:{call.lineno} {text!r}" for text in given if re.search(r"[A-Za-z]{2}", text)]
    assert found == []


def test_no_error_for_who_runs_the_bot_says_a_sentence_of_its_own() -> None:
    found = [
        f"{path.name}:{call.lineno} {prose!r}"
        for path in ROOT.glob("bot/**/*.py")
        for call in ast.walk(ast.parse(_read(path)))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in _OPERATORS
        for argument in call.args
        for prose in shown_as_they_are(argument)
        if re.search(r"[A-Za-z]{2}", prose)
    ]
    assert found == []


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
