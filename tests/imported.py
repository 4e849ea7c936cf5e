"""What processes of the bot import: the one that `tests.forked` forks imports it once."""

import gc
from importlib import import_module

from bot.client import EXTENSIONS

for module in ("app", "check", "export", "preview", "sources.feed", "newsletter.reading", "store.upgrade"):
    import_module(f"bot.{module}")
for extension in EXTENSIONS:
    import_module(extension)
gc.freeze()
