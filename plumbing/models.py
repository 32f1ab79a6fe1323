"""What the ground keeps in the database: when each periodic job was last begun."""

from django.db import models


class TickPass(models.Model):
    """The last pass of a periodic job whose due work no query can name. The row without a name: the installation."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name or 'installed'} at {self.at:%Y-%m-%d %H:%M:%S}"
