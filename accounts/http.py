"""The type of a request that has passed `login_required`."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class UserRequest(HttpRequest):
    """Gives `request.user` and `request.htmx` their types."""

    user: User
    htmx: HtmxDetails
