"""What a policy's text says about this installation and no version settles."""

from django.conf import settings


def installation_facts() -> dict[str, str]:
    """The words by which a text may name them: {support_email}, {site_name}, {operator}, {governing_law}."""
    return {
        "support_email": settings.SUPPORT_EMAIL,
        "site_name": settings.SITE_NAME,
        "operator": settings.OPERATOR,
        "governing_law": settings.GOVERNING_LAW,
    }
