"""`manage.py demo`: fill an installation with the demo and say in a file how to log in."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from smmpanel import demo


class Command(BaseCommand):
    """Run after seed; again it changes nothing and keeps the key that the file holds."""

    help = "Make demo logins, funds, an API key and the simulated provider's catalogue. Refused without DEMO."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the panel and the simulator answer, and where to write what programs need."""
        parser.add_argument("--url", required=True, help="the panel's address")
        parser.add_argument("--api-url", required=True, help="the address of its API v2")
        parser.add_argument("--simulator-url", required=True, help="the simulated provider's address")
        parser.add_argument("--out", type=Path, required=True, help="the JSON file to write")

    def handle(self, *args: object, **options: Any) -> None:
        """Make what is missing, then write the file."""
        if not settings.DEMO:
            raise CommandError("Demo accounts have known passwords. Set DEMO=1 where nobody else comes in.")
        now, out = timezone.now(), options["out"]
        customer = demo.make_people(now=now)
        key = demo.key_of(customer, known=_known_key(out), now=now)
        provider = demo.connect_simulator(url=options["simulator_url"])
        call_command("sync_catalogue", provider=provider.pk, apply=True, stdout=self.stdout, stderr=self.stderr)
        _write(
            out,
            {
                "url": options["url"],
                "api_url": options["api_url"],
                "simulator_url": options["simulator_url"],
                "customer": {**_login(demo.CUSTOMER), "api_key": key},
                "staff": {name: _login(login) for name, login in demo.STAFF.items()},
            },
        )
        self.stdout.write(f"Demo logins are in {out}.")


def _login(login: demo.Login) -> dict[str, str]:
    return {"email": login.email, "password": login.password}


def _known_key(out: Path) -> str:
    try:
        return str(json.loads(out.read_text())["customer"]["api_key"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write(out: Path, facts: dict[str, Any]) -> None:
    """Write whole or not at all, readable by its owner only."""
    out.parent.mkdir(parents=True, exist_ok=True)
    draft = out.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts, indent=2) + "\n")
    draft.replace(out)
