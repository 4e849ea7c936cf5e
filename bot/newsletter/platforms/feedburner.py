"""FeedBurner and Pheedo: feeds of others, whose items keep the addresses that they had before."""

from bot.newsletter.platforms.platform import Platform

PLATFORM = Platform(
    original_links=("feedburner_origlink", "pheedo_origlink"),
    domains=("feedburner.com",),
    is_for_newsletters=False,
    common_hosts=("feeds.feedburner.com",),
)
