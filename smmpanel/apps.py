"""The smmpanel app's entry in Django's registry."""

from django.apps import AppConfig


class SmmpanelConfig(AppConfig):
    name = "smmpanel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tasks belong to our Celery app in every process, and checks are known.

        Not in `__init__`: that is also imported without Celery.
        """
        from smmpanel import celery, checks  # noqa: F401
