"""What processes of the bot import: the one that `tests.forked` forks imports it once."""

import gc

from bot.client import EXTENSIONS

for extension in EXTENSIONS:
    __import__(extension)
gc.freeze()
