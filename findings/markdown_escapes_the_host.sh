#!/bin/sh
# pyromark 0.10.3 and cmarkgfm 2025.10.22: a link of Markdown to an international host leads Python's clients elsewhere.
#
# Behaviour: both write the letters beyond ASCII of a link's address as percent escapes, those of the host, too:
# [x](https://bücher.example/a) has href="https://b%C3%BCcher.example/a". Browsers decode the host before anything else
# (WHATWG URL, host parsing) and arrive at xn--bcher-kva.example. yarl 1.25.1, and so aiohttp, take the escaped name as
# it is (in small letters), and so does urllib.parse. markdown-it-py 4.3.0 writes xn--bcher-kva.example. So whoever
# goes from one parser to the other, or compares the links of a Markdown file with those of its page, has two hosts.
#
# Seen on Python 3.11.7. Needs Python 3.11 or newer (PYTHON=python3.12 chooses one). Exit code 1 when it changed.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    pyromark==0.10.3 cmarkgfm==2025.10.22 markdown-it-py==4.3.0 yarl==1.25.1

cat > "$folder/look.py" <<'PYTHON'
import re
import sys
from urllib.parse import urlsplit

import cmarkgfm
import pyromark
from markdown_it import MarkdownIt
from yarl import URL

source = "[x](https://b\u00fccher.example/a)"
seen = {}
for name, html in {
    "pyromark": pyromark.html(source),
    "cmarkgfm": cmarkgfm.markdown_to_html(source),
    "markdown-it-py": MarkdownIt("commonmark").render(source),
}.items():
    address = re.search('href="([^"]+)"', html)[1]
    seen[name] = (urlsplit(address).hostname, URL(address).host)
    print(name, address, "urllib:", seen[name][0], "yarl:", seen[name][1])
escaped = "b%c3%bccher.example"
right = "b\u00fccher.example"
as_seen = all(each.lower() == escaped for name in ("pyromark", "cmarkgfm") for each in seen[name])
sys.exit(0 if as_seen and seen["markdown-it-py"][1] == right else 1)
PYTHON

"$folder/venv/bin/python" "$folder/look.py" || { echo "changed: the first two had b%C3%BCcher.example"; exit 1; }
