"""WordPress: share rows, related posts and the feed's "The post … appeared first on …"."""

from bot.newsletter.platforms.platform import Platform

PLATFORM = Platform(
    marks=("wp-content", "wp-block", "wordpress"),
    furniture=(
        ".sharedaddy",
        ".jp-relatedposts",
        ".wp-block-jetpack-subscriptions",
        ".wp-block-buttons .share",
        ".jetpack-likes-widget",
    ),
    text_at=(".entry-content",),
    paid=(".wp-block-jetpack-paywall", ".wp-block-premium-content-subscriber-view"),
    domains=("wordpress.com",),
    is_for_newsletters=False,
)
