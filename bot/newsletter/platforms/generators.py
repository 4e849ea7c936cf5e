"""Site generators: where the pages of their usual themes keep the text (Jekyll's minima, and who took after it)."""

from bot.newsletter.platforms.platform import Platform

PLATFORM = Platform(text_at=(".post-content",), is_for_newsletters=False)
