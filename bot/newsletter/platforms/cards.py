"""What a platform's boxes between the paragraphs of a document are known by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cards:
    """Boxes between the paragraphs of a document: the selector of their `headings`, and of the `label` by which one
    says that it is paid for; then all links belong to the advertisement of the element of class `sponsored` around it.
    """

    headings: str
    label: str = ""
    sponsored: str = ""
