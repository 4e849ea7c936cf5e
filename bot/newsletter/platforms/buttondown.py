"""Buttondown: footnote marks that look like outside links because they were made absolute against the feed."""

MARKS = ("footnote-ref", "footnote-backref", "buttondown")
UNWANTED = ".footnote-ref,.footnote-backref"
