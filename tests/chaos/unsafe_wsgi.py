"""The web server's way into a panel without one of its safeties. For the negative controls alone."""

from smmpanel.wsgi import application
from tests.chaos import sabotage

__all__ = ["application"]

sabotage.switch_off()
