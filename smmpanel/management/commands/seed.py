"""`manage.py seed`: what an installation needs before its first page; each app offers its own part (decision 3)."""

from django.core.management.base import BaseCommand
from django.utils import timezone

import accounts.operations
import orders.operations.seeding
import policies.operations
import wallet.operations


class Command(BaseCommand):
    """Run after migrate, again and again if you like."""

    help = "Make staff groups and system accounts, and publish the shipped policies where none is."

    def handle(self, *args: object, **options: object) -> None:
        """Seed from the bottom app to the top one."""
        accounts.operations.seed()
        policies.operations.seed(now=timezone.now())
        wallet.operations.seed()
        orders.operations.seeding.seed()
        orders.operations.seeding.seed()
        self.stdout.write("Seeded.")
