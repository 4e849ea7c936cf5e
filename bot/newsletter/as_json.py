"""An issue as JSON, for the command line and for comparison with other readers."""

from bot.model.issue import Issue, Link


def issue_as_json(issue: Issue, *, source: str) -> dict[str, object]:
    """The issue as plain JSON values; `sections[].links` and `links` hold the same objects."""
    return {
        "source": source,
        "title": issue.title,
        "subtitle": issue.subtitle,
        "topics": list(issue.topics),
        "authors": list(issue.authors),
        "published_at": issue.published_at.isoformat() if issue.published_at else None,
        "image_url": issue.image_url,
        "paywalled": issue.paywalled,
        "sections": [
            {"title": section.title, "links": [_link_as_json(link) for link in section.links]}
            for section in issue.sections
        ],
        "links": [_link_as_json(link) for link in issue.links],
        "images": [{"url": image.url, "alt": image.alt, "caption": image.caption} for image in issue.images],
        "polls": [{"question": poll.question, "options": list(poll.options)} for poll in issue.polls],
    }


def _link_as_json(link: Link) -> dict[str, object]:
    return {
        "url": link.url,
        "key": link.key,
        "title": link.title,
        "text": link.text,
        "section": link.section,
        "sponsored": link.sponsored,
    }
