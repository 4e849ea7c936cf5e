"""A title that means something for every link, and the sentence around it."""

import re

from bot.newsletter.rules import rule
from bot.newsletter.text import MAX_EXCERPT, MAX_TITLE, bounded

_GENERIC_WORDS = frozenset(
    """link links here this it more read source sources paper demo thread code github video tweet post article blog
    website site repo project details via view watch listen play un-paywalled unpaywalled report page podcast try
    book docs tool app slides pdf data arxiv hn reddit twitter youtube yes no web online start apply register
    buy download story review interview press announcement guide newsletter join visit continue explore
    hier ici aquí aqui qui здесь weiterlesen""".split()
)
_GENERIC_PHRASES = frozenset(
    phrase.strip()
    for phrase in """read more, read more here, read it here, this link, this thread, this post, this article,
    this tweet, this video, this paper, click here, check it out, check it out here, full story,
    full report, full article, learn more, get started, try it, try it out, try it here, view more,
    see more, find out more, watch here, watch it here, read here, see here, over here, right here,
    this one, more here, the link, the post, the article, the paper, the thread, link here,
    here's the link, this report, join here, join now, start now, start here, try now, buy now,
    shop now, sign up, sign up here, read article, read the article, the code, read the full article,
    read the full story, continue reading, go here, have a look, take a look, see for yourself,
    more info, more details, project page, free access, apply here, register here, download here,
    listen here, watch now, read on, read the story, keep reading, click here to read, register now, visit site,
    lire la suite, leer más, 続きを読む, こちら""".split(",")
)
_SMALL = frozenset("a an the this that these those our my your his her its their some one and or but see so".split())
_EMPTY_WORDS = rule(
    r"(?:https?://|www\.)\S+\Z"
    r"|(?:you can |please )?(?:check|see|read|view|find|watch|try|click|look|have|get)\b"
    r"(?: \w+){0,3} (?:here|more|out|it|below)\Z",
    "words of a link that say nothing of where it leads, in small letters",
    source="newsletters of the shared corpora",
    specimens=(
        "https://mill.example/loaf",
        "http://mill.example",
        "www.mill.example",
        "you can read it here",
        "please check this out",
        "click the button below",
        "see more",
        "view it below",
        "find out more",
        "watch it",
        "try it here",
        "look here",
        "have it",
        "get the app here",
    ),
    others=("read the fine print", "more of it here", "look what rose in the oven here", "check mate", "mill.example"),
    how="match",
)
_ADDRESS = rule(
    r"(?:https?://|www\.)\S+\Z",
    "a web address and nothing else",
    source="newsletters of the shared corpora",
    specimens=("https://mill.example/loaf", "http://mill.example", "www.mill.example"),
    others=("mill.example", "see https://mill.example", "https://mill.example and more"),
    flags=re.IGNORECASE,
    how="match",
)
_LONGEST_ABBREVIATION = 5  # "Prof" and what stands before it
_SHORT_NAME = rule(
    r"[A-Za-z][A-Za-z0-9+#]?\Z",
    "one or two signs: programming languages have such names, but “at” names nothing",
    source="https://en.wikipedia.org/wiki/List_of_programming_languages",
    specimens=("R", "Go", "C#", "F+", "at"),
    others=("C++", "the", "3D", ""),
    how="match",
)
_ABBREVIATION = rule(
    r"(?:\b(?:Drs?|Mrs?|Ms|Prof|St|Jr|Sr|vs|e\.g|i\.e)|\b[A-Z](?:\.[A-Z])+)\.\Z",
    "an abbreviation whose full stop ends no sentence",
    source="https://github.com/unicode-org/cldr/blob/main/common/segments/en.xml",
    specimens=(*"Dr. Drs. Mr. Mrs. Ms. Prof. St. Jr. Sr. vs. e.g. i.e. U.S.".split(), "says Dr."),
    others=("loaf.", "Dr", "the MVs.", "Best.", "A."),
)
_NUMBER = rule(
    r"\s*\d{1,3}[.)]\s",
    "the number of an item of a list that is made of line breaks",
    source="https://spec.commonmark.org/0.31.2/#list-items",
    specimens=("12. Salt", " 3) Salt"),
    others=("1234. Salt", "3.5 loaves", "3 loaves", "Salt 3. "),
    how="match",
)
_TRIM = " \n\t_|()[]{}<>-–—:;,.→»›«👉👇🔗•·"
_OUTSIDE = _TRIM + "*!?\"'“”‘’"
_SENTENCE_END = rule(
    r"(?<=[.!?…])[\"”’)]*\s+(?=[\"“‘(]?[A-Z0-9\u00c0-\u00de\u2600-\U0001faff])|\n+",
    "what stands between two sentences",
    source="https://www.unicode.org/reports/tr29/#Sentence_Boundaries",
    specimens=(
        "It rises. Then it falls",
        "“It rises.” “Then it falls”",
        "It rises? 3 times",
        "it rises\nit falls",
        "It rises! 🍞",
    ),
    others=("it rises. then it falls", "version 2.0 is out", "It rises, Mia"),
)
_ASIDE = rule(
    r"(?:\s*[,&/]|[\s).,;]*\(|\)\s*(?:An? )?$)",
    "what joins a link to the one before, of which it is only another side",
    source="newsletters of the shared corpora",
    specimens=(", here", " & here", ". (no paywall", ") A ", ") An "),
    others=(" and here", ") the", "– here", ": (here"),
    how="match",
)
_NOISE = rule(
    r"\(\s*(?:link|here|paper|demo|code|thread|video|tweet)?\s*[,&/]?\s*\)",
    "brackets that are empty but for what a link was called",
    source="newsletters of the shared corpora",
    specimens=(
        *"() (link) (here) (paper) (demo) (code) (thread) (video) (tweet)".split(),
        "(link, )",
    ),
    others=("(links)", "(see the paper)", "link"),
)
_DANGLING = (" at", " via", " on", " from", " in", " the", " -")
# what is left at the edges of the words between two links
_LEFT_BEHIND = frozenset(
    "is are was were and or at via of to for by with from the a an ist sind und oder est sont et ou".split()
)
_LEFT_BEFORE = frozenset("and or but plus und oder et ou".split())
# and at those of an anchor: "What to look for" is a name
_AT_EDGES = frozenset("is are was were and or but at via und oder et ou".split())
_BEGINS_QUESTION = rule(
    r"(?:is|are|was|were) (?:it|you|we|they|he|she|there|this|that|these|those)\b",
    "words that begin a question, in small letters",
    source="English usage",
    specimens=(
        *"is it, are you, are we, were they, was he, is she".split(", "),
        *"is there, is this, is that, are these, are those".split(", "),
    ),
    others=("is a loaf", "are youths", "was the mill", "what is it"),
    how="match",
)
_ASKING = frozenset("who what where how why when which whose wer wo wie warum qui où comment pourquoi".split())
_STOPS = (". ", "! ", "? ")
_FULL_STOP = (". ",)
_POSSESSIVES = ("’s", "'s")
_LONG = 160
_FRAGMENT = 40
_SHORT = 5  # blanks
_NEARBY = 20
_WINDOW = 600


def is_generic(text: str) -> bool:
    """The anchor says nothing by itself: "link", "here", an address, a single sign.

    Beyond ASCII two letters may be a whole name ("日本").
    """
    if text in _GENERIC_WORDS:
        return True
    words = text.strip(_OUTSIDE).lower()
    first, _, rest = words.partition(" ")
    if rest and first in _AT_EDGES:
        words = rest
    if len(words) < 3 and not words.isupper() and not (len(words) == 2 and text.strip().isupper()):
        return words.isascii() or not any(map(str.isalpha, words))
    if len(words) > 40:
        return _ADDRESS.match(words) is not None
    return words in _GENERIC_WORDS or words in _GENERIC_PHRASES or _EMPTY_WORDS.match(words) is not None


def is_address(text: str) -> bool:
    """The text is nothing but a web address."""
    return _ADDRESS.match(text.strip()) is not None


def tidied(text: str) -> str:
    """A title without the marks and punctuation it was cut out with."""
    text = text.replace("\n", " ").strip(" |\t→»›👉👇🔗•·-–—")
    if text.endswith((".", ",", ":", ";")) and not text.endswith(("..", "…")):
        text = text[:-1].rstrip()
    text = text.removeprefix("* ")
    if "  " in text:
        text = " ".join(text.split())
    return text if len(text) <= MAX_TITLE else bounded(text, MAX_TITLE)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a block stand."""
    spans = []
    start = 0
    for gap in _SENTENCE_END.finditer(text):
        if "\n" not in gap[0] and _ABBREVIATION.search(text, max(0, gap.start() - 8), gap.start()):
            continue
        spans.append((start, gap.start()))
        start = gap.end()
    spans.append((start, len(text)))
    return spans


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Where the sentence (or line) that holds `start:end` begins and ends."""
    low, high = max(0, start - _WINDOW), end + _WINDOW
    stops = _STOPS if text.find("! ", low, high) >= 0 or text.find("? ", low, high) >= 0 else _FULL_STOP
    begin = start
    while True:
        begin = max([text.rfind(mark, low, begin) for mark in stops])
        if begin < 0 or _ends_sentence(text, begin):
            break
    begin = begin + 2 if begin >= 0 else low
    stop = end
    while True:
        ends = [at for mark in stops if (at := text.find(mark, stop, high)) >= 0]
        if not ends:
            stop = min(len(text), high)
            break
        stop = min(ends) + 1
        if _ends_sentence(text, stop - 1):
            break
    begin = max(begin, text.rfind("\n", low, start) + 1)
    line = text.find("\n", end, high)
    return begin, stop if line < 0 else min(stop, line)


def _ends_sentence(text: str, mark: int) -> bool:
    """The full stop (or other mark) there ends a sentence: no small letter follows, no abbreviation stands before."""
    if text[mark + 2 : mark + 3].islower():
        return False
    last = text[max(0, mark - _LONGEST_ABBREVIATION) : mark]
    if " " not in last and "." not in last and len(last) == _LONGEST_ABBREVIATION:
        return True
    return text[mark] != "." or _ABBREVIATION.search(text, max(0, mark - 8), mark + 1) is None


def excerpt_of(text: str, start: int, end: int) -> str:
    """The sentence in which the link stands, at most `MAX_EXCERPT` characters."""
    if len(text) > MAX_EXCERPT or "\n" in text or ". " in text or "! " in text or "? " in text:
        begin, stop = sentence_around(text, start, end)
        text = text[begin:stop]
        start -= begin
    if len(text) > MAX_EXCERPT and start > MAX_EXCERPT // 2:
        cut = text.find(" ", start - MAX_EXCERPT // 2)
        text = "…" + text[cut + 1 if cut >= 0 else start :]
    if "\n" in text or "  " in text:
        text = " ".join(text.split())
    return text.strip() if len(text) <= MAX_EXCERPT else bounded(text, MAX_EXCERPT)


def title_from_context(
    text: str, start: int, end: int, *, after: int = 0, is_item: bool = False, last: str = ""
) -> str:
    """A title for a generic anchor at `start:end`, from the words before it (back to `after`) or around it.

    A list item gives its beginning (`Name - what it does`), a paragraph the sentence next to the anchor. `last` is the
    title of the link before, which names what a remark in brackets is about: `… (no paywall [here])`.
    """
    anchor = text[start:end].strip()
    if len(anchor) < 3 and _SHORT_NAME.match(anchor) and anchor.lower() not in _GENERIC_WORDS:
        begin, stop = sentence_around(text, start, end)
        around = _clean(text[max(begin, after) : stop])
        return bounded(around, _LONG) if _words(around) > 1 else ""
    segment = text[max(after, start - 2 * _WINDOW) : start]
    if last and segment.startswith(_POSSESSIVES):
        spans = sentences(segment)
        if len(spans) > 1:  # what the link before owns is told, and another sentence has begun
            return title_from_context(text, start, end, after=after + spans[-1][0], is_item=is_item)
        owned = segment if len(segment.strip()) > len(_POSSESSIVES[0]) else f"{segment.rstrip()} {anchor}"
        return last if owned in last else bounded(_clean(last + owned), _LONG)
    if "\n" in segment:
        _, stop = sentence_around(text, start, end)
        line = _NUMBER.sub("", segment.rpartition("\n")[2])
        rest = _clean(text[end:stop])
        if not _words(line) and _words(rest) > 1:
            return bounded(rest, _LONG)
        if _words(line):
            segment = line
    in_brackets = segment.rstrip().endswith("(")
    said = before = _clean(segment, in_brackets=in_brackets)
    if not in_brackets:
        before = _trimmed(before, before=_LEFT_BEFORE, behind=_LEFT_BEHIND)
    words = _words(before, enough=5)
    if last and words <= 4 and _ASIDE.match(segment):
        is_name = words > 1 or not is_generic(before)
        aside = before if is_name else "" if anchor.lower() in {"link", "here"} else anchor
        return bounded(f"{last} ({aside})" if aside else last, _LONG)
    if last and is_generic(said if is_address(anchor) else before):  # addresses in a row are different pages
        return last  # "Read more", which is more of the same
    if words >= 2 or (is_item and words == 1 and before.lower() not in _SMALL):
        if not is_item:
            before = _last_sentence(before)
        return bounded(before, _LONG)
    begin, stop = sentence_around(text, start, end)
    around = text[begin:stop]
    if _words(_clean(around)) > _words(text[start:end]) + 1:
        return bounded(_clean(around), _LONG)
    whole = _clean(text[max(0, start - _WINDOW) : start] + " " + text[end : end + _WINDOW])
    if _words(whole) >= 2:
        return bounded(_last_sentence(whole) if len(whole) > _LONG and not is_item else whole, _LONG)
    return ""


def whole_of_fragment(text: str, start: int, end: int, *, after: int = 0) -> str:
    """The sentence for an anchor that is a piece of it ("have opened", "this piece"); empty for a name of its own.

    A piece begins in the middle, with a small letter, and has one or two words; what a line begins with is a name,
    however it is written. `after` is where the link before it ends: a sentence of several links is about none of them.
    """
    if not text[start : start + 1].islower() or end - start > _FRAGMENT or text.count(" ", start, end) > 1:
        return ""
    if "." in text[start:end]:
        return ""
    begin, stop = sentence_around(text, start, end)
    sentence = _clean(text[begin:stop])
    if begin < after or begin >= start - 2 or len(sentence) > _LONG or _words(sentence) < _words(text[start:end]) + 2:
        return ""
    return sentence


def _last_sentence(text: str) -> str:
    spans = sentences(text)
    while len(spans) > 1:
        begin, _ = spans.pop()
        if _words(text[begin:]) >= 3:
            return text[begin:].strip(_TRIM)
    return text


def _clean(text: str, *, in_brackets: bool = False) -> str:
    if "(" in text:
        text = _NOISE.sub(" ", text)
    if "\n" in text or "  " in text:
        text = " ".join(text.split())
    cleaned = text.removeprefix("* ").strip(" |→»›👉👇🔗•·-–—:;,.([{)]}")
    if not in_brackets and cleaned[-5:].lower().endswith(_DANGLING) and _words(cleaned, enough=4) > 3:
        cleaned = cleaned.rsplit(" ", 1)[0].rstrip(" ,-–—:")
    if "(" in cleaned and cleaned.count("(") == cleaned.count(")") + 1:
        cleaned += ")"
    return cleaned


def without_edges(text: str, start: int, end: int) -> str:
    """A short anchor without what it took along from its sentence: "the mills" of "the mills and".

    What has its line for itself ("are robots coming") has taken nothing along.
    """
    words = text[start:end].strip()
    if words.count(" ") >= _SHORT:
        return words
    begins = any(map(str.isalnum, text[max(0, start - _NEARBY) : start].rpartition("\n")[2]))
    ends = any(map(str.isalnum, text[end : end + _NEARBY].partition("\n")[0]))
    nothing: frozenset[str] = frozenset()
    trimmed = _trimmed(words, before=_AT_EDGES if begins else nothing, behind=_AT_EDGES if ends else nothing)
    return trimmed or words


def _trimmed(text: str, *, before: frozenset[str], behind: frozenset[str]) -> str:
    """The words without those at their edges that only join them to others; "Who we are" stays."""
    words = text.split(" ")
    if words[0].lower() in _ASKING or _BEGINS_QUESTION.match(text):
        return text
    while words and words[-1].strip(",") in behind:
        words.pop()
    while words and words[0] in before:
        words.pop(0)
    return " ".join(words).strip(" ,;:-–—")


def _words(text: str, *, enough: int = 1_000) -> int:
    """How many words of letters or digits the text has; counting ends at `enough`."""
    count = 0
    for word in text.split():
        if word[0].isalnum() or word[-1].isalnum() or word[1:2].isalnum():
            count += 1
            if count == enough:
                break
    return count
