"""The list of changes in the form that feed readers take (RFC 4287)."""

from collections.abc import Sequence
from datetime import UTC
from urllib.parse import urljoin, urlsplit

from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape

from policies.reading import Edition


def atom(editions: Sequence[Edition], *, site: str, site_name: str) -> str:
    """One entry a version. site: the installation's address; ids are made of its host and hold for ever (RFC 4151)."""
    host = urlsplit(site).hostname or "localhost"
    feed = Atom1Feed(
        title=f"{site_name}: changes of the policies",
        link=urljoin(site, reverse("policies:changes")),
        description="",
        language="en",
        author_name=site_name,
        feed_url=urljoin(site, reverse("policies:feed")),
        feed_guid=f"tag:{host},2025:policies",
    )
    for edition in editions:
        begins = edition.effective_from.astimezone(UTC)
        feed.add_item(
            title=f"{edition.title}, version {edition.number}, effective from {begins:%Y-%m-%d %H:%M} UTC",
            link=urljoin(site, address_of(edition)),
            description=_as_html(edition.summary),
            unique_id=f"tag:{host},2025:policies/{edition.slug}/v{edition.number}",
            pubdate=edition.published_at,
            updateddate=edition.published_at,
        )
    return feed.writeString("utf-8")


def _as_html(summary: str) -> str:
    """Words as readers show them who take every summary for HTML, which is what the feed calls it."""
    return "<br/>".join(escape(line) for line in summary.splitlines())


def address_of(edition: Edition) -> str:
    """Where the change can be read: the difference to the version before, or the text of a first version."""
    if edition.replaces is None:
        return reverse("policies:version", args=[edition.slug, edition.number])
    return reverse("policies:difference", args=[edition.slug, edition.replaces, edition.number])
