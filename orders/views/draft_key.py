"""The customer's draft key: the same in every tab, until an order has used it (decision 13)."""

import uuid

from django.http import HttpRequest

_NAME = "order_draft_key"


def current(request: HttpRequest) -> str:
    """The key that the next order will carry."""
    if _NAME not in request.session:
        request.session[_NAME] = uuid.uuid4().hex
    key: str = request.session[_NAME]
    return key


def renew(request: HttpRequest, *, used: str) -> None:
    """Forget the key that an order has used. A newer one, made by another tab meanwhile, stays."""
    if request.session.get(_NAME) == used:
        request.session[_NAME] = uuid.uuid4().hex
