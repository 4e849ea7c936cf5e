#!/bin/sh
# interactions.py 5.16.0: from Python 3.11 on, a bot that chooses nothing asks Discord for an intent that has no name.
#
# Behaviour: `Intents.DEFAULT`, which a client takes by itself, holds 1 << 17, though no member of `Intents` has that bit
# and Discord's "List of Intents" does not, either; on Python 3.10 the same release leaves it out. `~Intents(0)`, from
# which the default is made, yields a member without a name there, 0x20000.
# A gateway, proxy or double that refuses unknown intents with 4013 locks every such bot out; one that is masked with the
# names of `Intents` sees another number than the one that was sent.
#
# Seen on Python 3.11.7 and 3.12.1: default 0x3337efd, of these without a name 0x20000. On 3.10.13: 0x3317efd, none.
# Needs Python 3.11 or newer (PYTHON=python3.12 chooses one). Exit code 1 when anything of this changed.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check discord-py-interactions==5.16.0

cat > "$folder/look.py" <<'PYTHON'
import sys
from functools import reduce
from importlib.metadata import version
from operator import or_

from interactions import Client, Intents

named = reduce(or_, (int(one) for one in Intents.__members__.values() if int(one).bit_count() == 1))
sent = int(Client().intents)
print("Python", sys.version.split()[0], "interactions.py", version("discord-py-interactions"))
print("default intents", hex(sent), "of these without a name", hex(sent & ~named))
sys.exit(0 if (sent, sent & ~named) == (0x3337EFD, 0x20000) else 1)
PYTHON

"$folder/venv/bin/python" "$folder/look.py" || { echo "changed: this was 0x3337efd and 0x20000"; exit 1; }
