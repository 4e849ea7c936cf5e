"""WordPress: share rows, related posts and the feed's "The post … appeared first on …"."""

MARKS = ("wp-content", "wp-block", "wordpress")
UNWANTED = ".sharedaddy,.jp-relatedposts,.wp-block-jetpack-subscriptions,.wp-block-buttons .share,.jetpack-likes-widget"
