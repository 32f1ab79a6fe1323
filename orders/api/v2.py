"""API v2: one address, a table of actions, each a few lines around the operation the order form calls too."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

import wallet.operations as wallet
from accounts import keys
from accounts.models import User
from orders.api import price_list
from orders.api.quoted import answer as quoted_answer
from orders.api.refilled import refill, refill_status
from orders.api.wire import (
    LONGEST_REQUEST_KEY,
    ApiError,
    Params,
    governed,
    ids,
    is_present,
    lines,
    money,
    params_of,
    quantity,
    refusal,
    whole,
)
from orders.models import Order
from orders.operations import cancelling, placing, quotes, quoting
from orders.reading.standing import Standing, standings
from plumbing import limits
from policies.rules.drip_feed import Drip

Json = Any
SAME_ID_OTHER_REQUEST = "Request id already used"
NO_HINDRANCE_TO_A_QUOTE = frozenset({"not_enough_funds", "policies_not_accepted"})


@csrf_exempt  # authenticated by key alone: there is no session to ride on
def v2(request: HttpRequest) -> HttpResponse:
    """Answer one call. Errors are 200s with an "error" key: that is the protocol (api-v2 b.8)."""
    try:
        params = params_of(request)
        action = ACTIONS.get(params.get("action", ""))
        if action is None or not _may_come_by(request.method, action):
            raise ApiError("Incorrect request")
        user = _authenticate(params)
        response = action(user, params, request)
    except ApiError as error:
        response = _refused(request, error)
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
        response = _refused(request, ApiError("Incorrect request", status=413))
    except (OperationalError, InterfaceError):
        # Nothing was committed that the caller could not find again by the same request id.
        response = JsonResponse({"error": "Temporarily unavailable. Please try again."}, status=503)
    return response


def _may_come_by(method: str | None, action: "Action") -> bool:
    """POST always; GET, which leaves keys in logs, only to read and only where the installation allows it (b.10.1)."""
    return method == "POST" or (method == "GET" and settings.API_V2_READ_BY_GET and action in READ_ACTIONS)


def _refused(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The error's text alone in the body; code and clause in headers. Real status codes only on request."""
    strict = request.headers.get("X-SMM-Strict") == "1" or error.status == 429
    response = JsonResponse({"error": str(error)}, status=error.status if strict else 200)
    response["X-SMM-Error-Code"] = error.code
    if error.clause:
        response["X-SMM-Clause"] = error.clause
    return response


def _authenticate(params: Params) -> User:
    user = keys.authenticate(params.get("key", ""), timezone.now())
    if user is None:
        raise ApiError("Invalid API key", code="invalid_key", status=401)
    if not limits.allow(key=f"v2:{user.pk}", limit=settings.API_CALLS_PER_MINUTE, period_seconds=60):
        raise ApiError("Too many requests. Please slow down.", code="rate_limited", status=429)
    if user.is_suspended:
        raise ApiError("Your account has been suspended.", code="account_suspended", status=403)
    return user


def services(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """Everything on sale, at this customer's rates (b.2)."""
    return HttpResponse(price_list.for_customer(user), content_type="application/json")


def add(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """Place an order (b.3). The same request id and content again answer the same order (decision 13).

    At the quote that comes along, or not at all; without one, by the price list (terms.3.2).
    """
    try:
        placed = placing.place_order(
            user_id=user.pk,
            request=_asked(params),
            request_key=_request_key(params, request),
            channel=Order.Channel.API_V2,
            quote=params.get("quote"),
            now=timezone.now(),
        )
    except placing.Refused as refused:
        raise refusal(refused.refusals[0]) from refused
    except placing.RequestKeyReused as reused:
        raise ApiError(SAME_ID_OTHER_REQUEST, code="request_id_reused", status=409) from reused
    return governed(JsonResponse({"order": placed.order_id}), placed.versions)


def quote(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """What an order would cost and mean, without placing it: an extension, for `add` to be held to (R5).

    An empty wallet gets its quote too, and so does who has yet to accept the policies.
    """
    asked, now = _asked(params), timezone.now()
    quoted = quoting.quote(user_id=user.pk, request=asked, by_key=True, now=now)
    if quoted is None:
        raise refusal(placing.NO_SUCH_SERVICE)
    refused = [each for each in quoted.refusals if each.code not in NO_HINDRANCE_TO_A_QUOTE]
    if refused or quoted.terms is None or quoted.price is None:
        raise refusal((refused or quoted.refusals)[0])
    shown = quotes.issue(quoted, user_id=user.pk, request=asked, now=now)
    response = JsonResponse(quoted_answer(shown, quoted.price, quoted.terms))
    return governed(response, map(quoted.version_of, placing.GOVERNING))


def _asked(params: Params) -> placing.Request:
    return placing.Request(
        service_id=whole(params.get("service")) or 0,
        link=params.get("link", "").strip(),
        quantity=quantity(params.get("quantity")),
        fields={"comments": lines(params["comments"])} if "comments" in params else {},
        drip=_drip(params),
    )


def _drip(params: Params) -> Drip | None:
    """The parts asked for (b.3); runs of 0 or 1, with an interval or without, are how some clients say none."""
    runs, interval = params.get("runs"), params.get("interval")
    if (runs is None and interval is None) or (runs or "").strip() in ("0", "1"):
        return None
    return Drip(quantity(runs), quantity(interval))


def _request_key(params: Params, request: HttpRequest) -> str | None:
    """The caller's own id for this request, by header or by parameter."""
    header = request.headers.get("Idempotency-Key", "")
    key = header if is_present(header) else params.get("request_id") or params.get("client_order_id")
    if key is not None and (len(key) > LONGEST_REQUEST_KEY or not key.isprintable()):
        raise ApiError("Incorrect request", code="request_id_too_long")
    return key or None


def status(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """How orders stand (b.4). The shape follows the parameter's name; a comma makes the answer plural."""
    if "orders" in params or "," in params.get("order", ""):
        return _many(user, ids(params.get("orders") or params["order"]))
    if "order" not in params and "request_id" in params:
        return _by_request_id(user, params["request_id"])
    order_id = whole(params.get("order"))
    found = standings(user_id=user.pk, order_ids=[order_id or 0])
    if order_id not in found:
        raise ApiError("Incorrect order ID", code="incorrect_order", status=404)
    return JsonResponse(_standing(found[order_id]))


def _many(user: User, wanted: list[str]) -> HttpResponse:
    found = standings(user_id=user.pk, order_ids=[whole(text) or 0 for text in wanted])
    answer: dict[str, Json] = {}
    for text in wanted:
        standing = found.get(whole(text) or 0)
        answer[text] = _standing(standing) if standing else {"error": "Incorrect order ID"}
    return JsonResponse(answer)


def _by_request_id(user: User, request_key: str) -> HttpResponse:
    found = standings(user_id=user.pk, request_key=request_key)
    if not found:
        raise ApiError("Incorrect order ID", code="incorrect_order", status=404)
    standing = next(iter(found.values()))
    return JsonResponse(_standing(standing) | {"order": standing.order_id})


def _standing(standing: Standing) -> dict[str, str]:
    return {
        "charge": money(standing.paid),
        "start_count": str(standing.start_count or 0),
        "status": standing.public_word,
        "remains": str(standing.remains),
        "currency": settings.CURRENCY,
    }


def cancel(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """Take back orders (b.7): 1 for each that is canceled, or whose provider is asked to, else why it is not."""
    wanted = ids(params.get("orders") or params.get("order", ""))
    if not wanted:
        raise ApiError("Incorrect order ID", code="incorrect_order", status=404)
    now = timezone.now()
    return JsonResponse(
        [{"order": whole(text) or text, "cancel": _cancel(user, text, now)} for text in wanted], safe=False
    )


def _cancel(user: User, text: str, now: datetime) -> Json:
    try:
        cancelling.cancel_order(user_id=user.pk, order_id=whole(text) or 0, now=now)
    except Order.DoesNotExist:
        return {"error": "Incorrect order ID"}
    except cancelling.TooLate:
        return {"error": "The order cannot be canceled"}
    return 1


def balance(user: User, params: Params, request: HttpRequest) -> HttpResponse:
    """The wallet (b.8), and what this panel offers beyond the protocol, in headers old clients never see."""
    response = JsonResponse({"balance": money(wallet.balance_of(user.pk)), "currency": settings.CURRENCY})
    response["X-SMM-Idempotency"] = "request_id"
    return response


Action = Callable[[User, Params, HttpRequest], HttpResponse]
ACTIONS: dict[str, Action] = {
    "services": services,
    "add": add,
    "quote": quote,
    "status": status,
    "cancel": cancel,
    "refill": refill,
    "refill_status": refill_status,
    "balance": balance,
}
READ_ACTIONS = frozenset({services, quote, status, refill_status, balance})
