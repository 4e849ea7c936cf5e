"""HTML whose tree is no larger than its source, for the parser behind it.

The rules that browsers follow (HTML standard, 13.2.6) open formatting that nobody closed anew in every paragraph after
it, and look through all that is open at each tag: the tree, and the time, can grow with the square of the document.
So does the time with the number of different names: lexbor keeps all that HTML does not know in one small table.
`tamed` gives ordinary documents back as they are. Of others it closes each element where what it stands in ends, so
that nothing is left to those rules, and leaves names out beyond the first ones; their text, links and pictures stay.
"""

import re

from bot.newsletter.markup.pictures import ATTRIBUTES as PICTURE_ATTRIBUTES

MAX_DEPTH = 200
"""Elements are nested no deeper than this: what would stand deeper stands beside the last one."""

MOST_NAMES = 500
"""A document has no more different names of elements and attributes, besides those that mean something."""

_FEW_NAMES_BYTES = 20_000  # what is no longer has too few to matter
_MANY_TAGS = 500
_FEW_TAGS = 60
_MOST_OPEN = 12
_LONG_TAG = 1_000
_MOST_ATTRIBUTES = 60
_LONGEST_ATTRIBUTE = 4_000  # of formatting, which may be written again
_SPARE = 2_000
_NEAR = 20

_BLANK = r" \t\n\f\r"
# one after the other, and no letter looked at twice, whatever is missing at the end
_VALUE = rf"\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^{_BLANK}>\"'][^{_BLANK}>]*+"
_ATTRIBUTE = rf"[^{_BLANK}/>][^{_BLANK}/>=]*+(?>(?:[{_BLANK}]*+=[{_BLANK}]*+(?>(?:{_VALUE})?))?)"
_TOKEN = re.compile(
    rf"<(?:(/?)([a-zA-Z][^{_BLANK}/>]*+)((?>(?:[{_BLANK}/]++|{_ATTRIBUTE})*))(?:>|\Z)"
    r"|!--(?:-?>|.*?(?:--!?>|\Z))|[!?/][^>]*+(?:>|\Z))",
    re.DOTALL,
)
_EACH_ATTRIBUTE = re.compile(_ATTRIBUTE)
_ODD_TAG = re.compile(rf"<[a-zA-Z][^<>]{{0,{_LONG_TAG - 1}}}+(?!>)")  # long, or an angle stands in an attribute
_ANGLE_WITHIN = re.compile(r"<[a-zA-Z][^<>]*+<")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG_IN_TAG = re.compile(r"<[!?/][^<>]*+<")  # an end tag or a comment that ends with the next angle hides it
_QUOTED_ANGLE = re.compile(r"=\s*+(?:\"[^\"<>]*+[<>]|'[^'<>]*+[<>])")
_TAG_NAME = re.compile(rf"<(/?)([a-zA-Z][^{_BLANK}/>]*+)")
_FORMATTING_TAG = re.compile(r"<(/?)(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]", re.IGNORECASE)

# elements whose content is no markup, with an angle in it that may be taken for some; and those with rules of their own
_UNCLEAR = re.compile(
    rf"<(iframe|noembed|noframes|plaintext|script|style|textarea|title|xmp)(?=[{_BLANK}/>])[^<]*+<(?!/\1[{_BLANK}/>])"
    rf"|<(?:frameset|math|select|svg|template)[{_BLANK}/>]",
    re.IGNORECASE,
)

_MEANT = re.compile("(?:href|rel|class|id|style|hidden)(?![^=])", re.IGNORECASE)

_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr".split()
)
_ONCE = frozenset({"html", "head", "body"})
_RAW = frozenset("iframe noembed noframes plaintext script style textarea title xmp".split())
# no text for a reader, and with rules of their own for what stands in them
_FOREIGN = frozenset({"math", "object", "svg", "template"})
_CLOSE_THEMSELVES = frozenset({"math", "svg"})
# an element that ends those around it (HTML standard, 13.2.6.5), unless one that takes it in comes before it
_OUTSIDE = re.compile(
    rf"<(?:annotation-xml|desc|foreignobject|m[inos]|mtext|title)[{_BLANK}/>]|<(/?(?:br|p)|b|big|blockquote|body|center|code|dd|div"
    r"|dl|dt|em|embed|h[1-6]|head|hr|i|img|li|listing|menu|meta|nobr|ol|pre|ruby|s|small|span|strong|strike|sub|sup"
    rf"|table|tt|u|ul|var)[{_BLANK}/>]",
    re.IGNORECASE,
)
# a `select` compares each of its options with all others (its `selectedcontent`)
_LEFT_OUT = frozenset({"applet", "frameset", "marquee", "select"})
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_BLOCKS = _HEADINGS | frozenset(
    """address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form header
    hgroup li dd dt listing main menu nav ol p pre search section summary ul""".split()
)
_TABLE_PARTS = frozenset("caption colgroup tbody td tfoot th thead tr".split())
_CELLS = frozenset("caption td th".split())
_SPECIAL = _BLOCKS | _TABLE_PARTS | {"button", "table"}
_TABLES = _TABLE_PARTS | {"table"}
_KNOWN_ELEMENTS = _FORMATTING | _VOID | _ONCE | _RAW | _SPECIAL | {"mark", "span", "time"}
_READ_ATTRIBUTES = PICTURE_ATTRIBUTES | frozenset(
    "class content datetime height hidden href id itemprop name property rel role style title type width".split()
)
# which open elements a start tag ends, and what ends the search for them
_ENDS: dict[str, frozenset[str]] = {
    "li": frozenset({"li"}),
    **dict.fromkeys(("dd", "dt"), frozenset({"dd", "dt"})),
    **dict.fromkeys(("option", "optgroup"), frozenset({"option"})),
    **dict.fromkeys(("rb", "rp", "rt", "rtc"), frozenset({"rb", "rp", "rt", "rtc"})),
    **dict.fromkeys(_HEADINGS, _HEADINGS),
}
_WITHIN: dict[str, frozenset[str]] = {
    **dict.fromkeys(_ENDS, _SPECIAL),
    "li": frozenset({"ol", "ul", "menu"}),
    **dict.fromkeys(("dd", "dt"), frozenset({"dl"})),
}


def tamed(source: str) -> str:
    """The source as it is, where a parser has no trouble with it, or else with every element closed in its place."""
    tags = source.count("<")
    is_odd = len(source) > _LONG_TAG and _ODD_TAG.search(source) is not None
    if tags > _MANY_TAGS:
        if is_odd or _UNCLEAR.search(source) is not None or not _is_well_nested(source):
            return _Closing(source).closed()
    elif tags > _FEW_TAGS and ((is_odd and _ANGLE_WITHIN.search(source) is not None) or _leaves_open(source)):
        return _Closing(source).closed()
    if len(source) > _FEW_NAMES_BYTES and (_UNCLEAR.search(source) is not None or _has_many_names(source)):
        return _Closing(source).closed()
    return _TOKEN.sub(_shortened, source) if is_odd else source


def _has_many_names(source: str) -> bool:
    """There are more names of attributes than are kept; of elements there are as many as tags."""
    given = {attributes for _, _, attributes in _TOKEN.findall(source)}
    return len({_name_of(each) for attributes in given for each in _EACH_ATTRIBUTE.findall(attributes)}) > MOST_NAMES


def _name_of(attribute: str) -> str:
    """The name as it is written. It may begin with what stands between others and their values."""
    return attribute[0] + attribute[1:].partition("=")[0].rstrip()


def _leaves_open(source: str) -> bool:
    """Much formatting is open at once."""
    if "<!--" in source:
        source = _COMMENT.sub("", source)  # an end tag in it ends nothing
    found = _FORMATTING_TAG.findall(source)
    if len(found) <= _MOST_OPEN:
        return False
    count: dict[str, int] = {}
    total = 0
    for slash, name in found:
        before = count.get(name, 0)
        if not slash:
            count[name] = before + 1
            total += 1
            if total > _MOST_OPEN:
                return True
        elif before:
            count[name] = before - 1
            total -= 1
    return False


def _is_well_nested(source: str) -> bool:
    """Each element is closed in its place, little formatting is open at once, and nothing stands deep.

    A quick look, for what is no odd tag: names in capital letters and elements that need no end are not well nested.
    """
    if "<!--" in source:
        if "<!-->" in source or "<!--->" in source or "--!>" in source:
            return False
        source = _COMMENT.sub("<!>", source)
    if _QUOTED_ANGLE.search(source) is not None or _TAG_IN_TAG.search(source) is not None:
        return False
    opened: list[str] = []
    formatting = 0
    tags = _TAG_NAME.findall(source)
    for slash, name in tags:
        if slash:
            if not opened or opened.pop() != name:
                return False
            formatting -= name in _FORMATTING
        elif name not in _VOID:
            opened.append(name)
            formatting += name in _FORMATTING
            if formatting > _MOST_OPEN or len(opened) > MAX_DEPTH:
                return False
    return not opened and all(tags.count(("", name)) <= 1 for name in _ONCE)


class _Closing:
    """One pass over the tags of a document. What is right is copied as it is, up to where something is not."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pieces: list[str] = []
        self._copied = 0  # so much of the source is in them
        self._start_at = self._end_at = 0  # of the present tag
        self._open: list[tuple[str, str]] = []  # names, and the start tags of formatting
        self._scopes: list[dict[str, int]] = [{}]  # how many of each are open: in the document, a table in it, a cell …
        self._tables = 0
        self._seen: set[str] = set()
        self._names: set[str] = set()  # of what means nothing
        self._plain: set[str] = set()  # attributes of a tag, as they are written, that are kept
        self._ends: dict[str, re.Match[str] | None] = {}  # the next one of each that was looked for
        self._spare = len(source) + _SPARE  # for formatting that is opened anew

    def closed(self) -> str:
        """The document with every element closed."""
        source, at = self._source, 0
        while (token := _TOKEN.search(source, at)) is not None:
            self._start_at, self._end_at = token.span()
            at = self._end_at
            slash, name, attributes = token.groups()
            if name is None:
                if source.startswith("<!", self._start_at) and not source.startswith("--", self._start_at + 2):
                    self._leave_out_all_but_first("!doctype")
                continue
            if name.isascii():  # no other letters are the same in HTML
                name = name.lower()
            if slash:
                self._end(name)
                if attributes and self._copied < at:
                    self._replace(f"</{name}>")
            elif name in _RAW:
                self._write(token)
                end = self._end_of(name, at)
                if name == "script":  # with this in it, its next end tag does not end it
                    content = source[at : len(source) if end is None else end.start()]
                    if "<!--" in content:
                        self._insert(at, content.replace("<!--", ""))
                        self._copied = at + len(content)
                at = len(source) if end is None else end.end()
                if end is None:
                    self._insert(at, f"</{name}>")
            elif name in _FOREIGN:
                if not (name in _CLOSE_THEMSELVES and _closes_itself(attributes)):
                    at = self._end_at = self._end_of_foreign(name, at)
                self._leave_out()
            elif name in _LEFT_OUT:
                self._leave_out()
            elif name in _ONCE:
                self._leave_out_all_but_first(name)
                self._write(token)
            elif name in _KNOWN_ELEMENTS or self._is_among_first(name):
                self._start(name, token)
            else:
                self._leave_out()
        self._insert(len(source), "")
        self._pop_to(0)
        return "".join(self._pieces)

    def _insert(self, at: int, text: str) -> None:
        if at > self._copied:
            self._pieces.append(self._source[self._copied : at])
            self._copied = at
        self._pieces.append(text)

    def _replace(self, text: str) -> None:
        """Write this in place of the present tag."""
        self._insert(self._start_at, text)
        self._copied = self._end_at

    def _leave_out(self) -> None:
        """Leave out the present tag."""
        self._replace("")

    def _leave_out_all_but_first(self, name: str) -> None:
        if name in self._seen:
            self._leave_out()
        self._seen.add(name)

    def _write(self, token: re.Match[str]) -> str:
        """Write the present tag, which is this token, without what is left out of it; what was written."""
        tag = self._kept(token)
        if tag is not token[0] and self._copied < self._end_at:
            self._replace(tag)
        return tag

    def _kept(self, token: re.Match[str]) -> str:
        """The tag as it is; of a long one the first attributes, and of any those whose names are kept."""
        attributes = token[3]
        is_short = len(token[0]) < _LONG_TAG
        if not attributes or (is_short and attributes in self._plain):
            return token[0]
        given = _EACH_ATTRIBUTE.findall(attributes)
        kept = [each for each in (given if is_short else _first(token[2], given)) if self._is_kept(_name_of(each))]
        if len(kept) == len(given):
            self._plain.add(attributes)
            return token[0]
        return f"<{token[2]} {' '.join(kept)}>"

    def _is_kept(self, attribute: str) -> bool:
        return attribute.lower() in _READ_ATTRIBUTES or self._is_among_first(attribute)

    def _is_among_first(self, name: str) -> bool:
        if len(self._names) < MOST_NAMES:
            self._names.add(name)
        return name in self._names

    def _end_of(self, name: str, at: int) -> re.Match[str] | None:
        """The next end tag of that name, looked for only once, also in vain."""
        found = self._ends.get(name)
        if name not in self._ends or (found is not None and found.start() < at):
            end_tag = re.compile(f"</{name}(?=[{_BLANK}/>])[^>]*>?", re.IGNORECASE)
            found = self._ends[name] = end_tag.search(self._source, at)
        return found

    def _end_of_foreign(self, name: str, at: int) -> int:
        """Where such an element ends: behind its end tag, or before what can only stand outside of it."""
        end = self._end_of(name, at)
        if end is None:
            return at
        outside = _OUTSIDE.search(self._source, at, end.start()) if name in _CLOSE_THEMSELVES else None
        return end.end() if outside is None or not outside[1] else outside.start()

    def _start(self, name: str, token: re.Match[str]) -> None:
        again: list[tuple[str, str]] = []
        scope = self._scopes[-1]
        if "p" in scope and (name in _BLOCKS or name == "hr"):
            again = self._pop_to(self._place_of("p"))
        if name not in _VOID:
            if name in _TABLE_PARTS:
                self._end_parts_for(name)
            elif name in _ENDS:
                self._end_like(name)
            elif name in {"a", "nobr"} and name in scope:
                self._pop_to(self._place_of(name))
            if len(self._open) >= MAX_DEPTH:
                self._pop_to(MAX_DEPTH - 1)
            tag = self._write(token)
            self._push(name, tag if name in _FORMATTING else "")
        else:
            self._write(token)
        for each, tag in again:  # browsers do so, too, wherever text follows, but without an end
            if len(tag) <= self._spare and len(self._open) < MAX_DEPTH:
                self._spare -= len(tag)
                self._insert(self._end_at, tag)
                self._push(each, tag)

    def _push(self, name: str, tag: str) -> None:
        self._open.append((name, tag))
        scope = self._scopes[-1]
        scope[name] = scope.get(name, 0) + 1
        if name == "table" or name in _CELLS:
            self._scopes.append({})
            self._tables += name == "table"

    def _end(self, name: str) -> None:
        if self._open and self._open[-1][0] == name:
            self._pop()
        elif name in self._scopes[-1]:
            if name in _FORMATTING or name in _SPECIAL:
                self._end_at_place(self._place_of(name))
            else:
                self._end_of_words(name)
        elif (name == "table" and self._tables) or (
            name in _TABLE_PARTS and len(self._scopes) > 1 and name in self._scopes[-2]
        ):
            self._end_at_place(self._place_of(name))
        elif name != "br":
            self._leave_out()

    def _end_at_place(self, place: int) -> None:
        """Close what stands within the element there, which the present tag closes."""
        self._pop_to(place + 1)
        self._pop()

    def _end_of_words(self, name: str) -> None:
        """An element that means nothing to a browser ends only where no block stands in it."""
        for number in range(len(self._open) - 1, max(len(self._open) - _NEAR, 0) - 1, -1):
            each = self._open[number][0]
            if each == name:
                self._end_at_place(number)
                return
            if each in _SPECIAL:
                break
        self._leave_out()

    def _end_parts_for(self, name: str) -> None:
        """A cell ends the cell before it, a row the row, up to the table that they stand in."""
        if not self._tables:
            return
        ended = _CELLS if name in {"td", "th"} else _CELLS | {"tr"} if name == "tr" else _TABLE_PARTS
        within = _TABLES - ended
        place = len(self._open)
        while place and self._open[place - 1][0] not in within:
            place -= 1
        self._pop_to(place)

    def _end_like(self, name: str) -> None:
        """An item ends the item before it, up to the list that they stand in."""
        ended, within = _ENDS[name], _WITHIN[name]
        if self._scopes[-1].keys().isdisjoint(ended):
            return
        for number in range(len(self._open) - 1, max(len(self._open) - _NEAR, 0) - 1, -1):
            each = self._open[number][0]
            if each in ended:
                self._pop_to(number)
            if each in ended or each in within or each in _TABLES:
                return

    def _place_of(self, name: str) -> int:
        number = len(self._open) - 1
        while self._open[number][0] != name:
            number -= 1
        return number

    def _pop_to(self, place: int) -> list[tuple[str, str]]:
        """Close, before the present tag, everything from there on; the formatting that was closed, outermost first."""
        formatting: list[tuple[str, str]] = []
        while len(self._open) > place:
            name, tag = self._pop()
            self._insert(self._start_at, f"</{name}>")
            if tag:
                formatting.append((name, tag))
        formatting.reverse()
        return formatting

    def _pop(self) -> tuple[str, str]:
        name, tag = self._open.pop()
        if name == "table" or name in _CELLS:
            self._scopes.pop()
            self._tables -= name == "table"
        scope = self._scopes[-1]
        scope[name] -= 1
        if not scope[name]:
            del scope[name]
        return name, tag


def _closes_itself(attributes: str) -> bool:
    """The tag ends in a slash that belongs to no value without quotes."""
    if not attributes.endswith("/"):
        return False
    given = _EACH_ATTRIBUTE.findall(attributes)
    return not (given and given[-1].endswith("/"))


def _shortened(token: re.Match[str]) -> str:
    """A tag that is not long as it is, any other one with its first attributes."""
    tag: str = token[0]
    name = token[2]
    if len(tag) < _LONG_TAG or not name:
        return tag
    return f"<{token[1]}{name} {' '.join(_first(name, _EACH_ATTRIBUTE.findall(token[3])))}>"


def _first(name: str, given: list[str]) -> list[str]:
    """The first attributes of a long tag, and of formatting what means something."""
    if name.lower() in _FORMATTING:
        given = [each for each in given if _MEANT.match(each) and len(each) <= _LONGEST_ATTRIBUTE]
    return given[:_MOST_ATTRIBUTES]
