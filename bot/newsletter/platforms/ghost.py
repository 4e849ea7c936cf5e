"""Ghost: cards for sign-up, products and related posts."""

MARKS = ("kg-card", "gh-post", "ghost.org", "ghost.io")
UNWANTED = ".kg-signup-card,.kg-cta-card,.kg-product-card-button,.gh-subscribe,.kg-toggle-card-icon"
