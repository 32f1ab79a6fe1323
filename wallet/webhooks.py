"""Where gateways tell us of payments: the signature first, then one row, then the answer. Nobody is asked meanwhile."""

import logging
from datetime import datetime

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wallet.gateways import GATEWAYS, gateway_of
from wallet.gateways.base import Forged, Gateway
from wallet.operations import payments

LONGEST = 256 * 1024  # bytes
TEXT = "text/plain; charset=utf-8"

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """Store a notice and say so; 400 to a forgery, 404 at a gateway that is not set up, 503 when it cannot be stored.

    A gateway sends again what is not answered with 200. What was stored before is answered the same.
    """
    door = _door(gateway)
    if door is None:
        return _say("No such gateway.", 404)
    body = request.read(LONGEST + 1)  # never more, whatever the header promised
    if len(body) > LONGEST:
        return _say("Too long.", 413)
    return _take(door, body, request, now=timezone.now())


def _take(door: Gateway, body: bytes, request: HttpRequest, *, now: datetime) -> HttpResponse:
    try:
        notice = door.verify(body=body, headers=request.headers, now=now)
        payments.receive_notice(gateway=door.code, notice=notice, body=body, now=now)
    except Forged as error:
        log.warning("a notice for %s was refused: %s", door.code, error)
        return _say("The signature does not fit.", 400)
    except (OperationalError, InterfaceError):
        log.exception("a notice of %s could not be stored", door.code)
        return _say("Try again later.", 503)
    return _say("Received.", 200)


def _door(code: str) -> Gateway | None:
    """A gateway that sends notices and has its keys."""
    if code not in GATEWAYS:
        return None
    door = gateway_of(code)
    return door if door.is_ready() and not door.confirmed_by_staff else None


def _say(text: str, status: int) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type=TEXT)
