"""Refills by API v2: asking for them (b.5), and how far they are (b.6), in the protocol's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from accounts.models import User
from orders.api.wire import ApiError, Params, ids, whole
from orders.models import Order
from orders.operations import refilling
from policies.rules.vocabulary import RefillState

Json = Any
NOT_ELIGIBLE = "Order not eligible for refill"
LESS_THAN_A_DAY = "The order was completed or refill was requested less than 24 hours ago"
# By the finding of the rule that refused (b.8).
REFUSED: Mapping[str, str] = {
    "refill_not_sold": "Refill is disabled for this service",
    "refill_before_completion": "The order is not completed",
    "refill_of_unfinished": "The order is not completed",
    "refill_of_refunded": NOT_ELIGIBLE,
    "refill_period_over": "Refill days are over",
    "refill_under_way": LESS_THAN_A_DAY,
    "refill_too_soon": LESS_THAN_A_DAY,
    "refill_tries_used": NOT_ELIGIBLE,
    "refill_by_support": NOT_ELIGIBLE,
}
WORDS: Mapping[RefillState, str] = {
    RefillState.ASKED: "Pending",
    RefillState.UNDER_WAY: "In progress",
    RefillState.COMPLETED: "Completed",
    RefillState.REJECTED: "Rejected",
    RefillState.FAILED: "Error",
}


def refill(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """Ask for refills (b.5): of one order its number as text, of several a list of numbers, or why not."""
    now = timezone.now()
    if "orders" not in params:
        asked = _refill(user, params.get("order", ""), now)
        if isinstance(asked, dict):
            raise ApiError(str(asked["error"]), code="refill_refused", status=422)
        return JsonResponse({"refill": str(asked)})
    wanted = ids(params["orders"])
    return JsonResponse(
        [{"order": whole(text) or text, "refill": _refill(user, text, now)} for text in wanted], safe=False
    )


def _refill(user: User, text: str, now: datetime) -> Json:
    try:
        return refilling.request_refill(user_id=user.pk, order_id=whole(text) or 0, now=now)
    except Order.DoesNotExist:
        return {"error": "Incorrect order ID"}
    except refilling.NotNow as refused:
        return {"error": REFUSED[refused.reason.finding]}


def refill_status(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """How far refills are (b.6): `refill`, `refills`, or `order` for the last one of an order."""
    if "refills" in params:
        wanted = ids(params["refills"])
        words = refilling.words_of(user_id=user.pk, refill_ids=[whole(text) or 0 for text in wanted])
        return JsonResponse(
            [{"refill": whole(text) or text, "status": _word(words, text)} for text in wanted], safe=False
        )
    if "order" in params:
        word = refilling.last_word(user_id=user.pk, order_id=whole(params["order"]) or 0)
    else:
        number = whole(params.get("refill", "")) or 0
        word = refilling.words_of(user_id=user.pk, refill_ids=[number]).get(number)
    if word is None:
        raise ApiError("Refill not found", code="refill_not_found", status=404)
    return JsonResponse({"status": WORDS[word]})


def _word(words: Mapping[int, RefillState], text: str) -> Json:
    found = words.get(whole(text) or 0)
    return WORDS[found] if found else {"error": "Refill not found"}
