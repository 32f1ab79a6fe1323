"""The Celery app of a panel without one of its safeties. Workers of the negative controls start with it."""

import django

from smmpanel.celery import app

django.setup()

from tests.chaos import sabotage  # noqa: E402 -- models cannot be imported before

__all__ = ["app"]

sabotage.switch_off()
