"""What allauth leaves to the installation."""

import uuid
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.sites.shortcuts import get_current_site
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.operations import queue_mail
from plumbing.secrets import Secret

LONGEST_ADDRESS = 254  # what `User.email` holds


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Takes only addresses that can be stored whole: allauth would cut a longer one, and that is another address.

    Its mails go through the outbox: a mail server that is down stops nobody from signing up.
    """

    def clean_email(self, email: str) -> str:
        """Refuse what is no address of at most 254 characters (RFC 5321 section 4.5.3.1.3). Raises ValidationError."""
        if len(email) > LONGEST_ADDRESS:
            raise ValidationError(f"This address has {len(email)} characters; at most {LONGEST_ADDRESS} are possible.")
        return email

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render allauth's templates and queue the mail. Each call is a mail of its own: codes and links differ."""
        facts = {"request": current.request, "email": email, "current_site": get_current_site(current.request)}
        mail = self.render_mail(template_prefix, email, facts | context)
        html = next((text for text, kind in getattr(mail, "alternatives", []) if kind == "text/html"), "")
        user_id = getattr(context.get("user"), "pk", None)
        queue_mail(
            to=email,
            subject=mail.subject,
            body=mail.body,
            html=html,
            key=f"account:{uuid.uuid4()}",
            user_id=user_id,
            now=timezone.now(),
        )


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Keeps the secrets of authenticator apps encrypted, as provider keys are."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return Secret.of(text).sealed()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return Secret(encrypted_text).reveal()
