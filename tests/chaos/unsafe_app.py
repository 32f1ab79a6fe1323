"""The Celery app of a panel without the claim. Workers of the negative control start with it."""

import django

from smmpanel.celery import app

django.setup()

from tests.chaos import sabotage  # noqa: E402 -- models cannot be imported before

__all__ = ["app"]

sabotage.send_then_write()
