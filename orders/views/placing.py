"""The order form: choose a service, see what an order would cost and mean while typing, place it once."""

from contextlib import suppress
from dataclasses import dataclass, replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import UserRequest
from orders.forms import PlaceOrder, ServiceSearch
from orders.models import Order
from orders.operations import placing, quotes, quoting
from orders.reading import agreements, catalogue, habits, switches
from orders.views import draft_key
from orders.views.fragments import page_or_part
from policies import wording
from policies.models import PolicyVersion
from policies.rules.drip_feed import Drip
from policies.rules.eligibility import Refusal
from policies.rules.vocabulary import ServiceType

CHOICES = 20
RECENT = 5
# Nothing is wrong with the order; its customer has not seen yet what it costs and means now.
TO_BE_SEEN_FIRST = frozenset(
    {"price_not_shown", "price_changed", "terms_changed", "quote_unreadable", "quote_expired", "quote_used"}
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form holds now: the service chosen, the form as filled in, and what the rules say about it."""

    listed: catalogue.Listed
    form: PlaceOrder
    quoted: quoting.Quote
    shown: quotes.Shown

    @property
    def shown_errors(self) -> dict[str, list[str]]:
        """While typing: what is refused about fields that were touched, by field."""
        found: dict[str, list[str]] = {name: [] for name in self.form.asked}
        for refusal in self.quoted.refusals:
            name = self.form.field_of(refusal)
            if name in found and self.form.has_touched(name):
                found[name].append(wording.refusal(refusal))
        return found

    @property
    def holds_seconds(self) -> int:
        """For how long the price counts that is shown now."""
        return int((self.shown.expires_at - self.shown.issued_at).total_seconds())

    @property
    def refund_version(self) -> PolicyVersion:
        """The refund policy that would govern the order."""
        return self.quoted.version_of("refund")

    @property
    def selling_stopped(self) -> bool:
        """Whether no order at all is taken now."""
        return any(refusal.code == "selling_stopped" for refusal in self.quoted.refusals)

    @property
    def short_of_funds(self) -> str:
        """The sentence about missing money, or ""."""
        short = [refusal for refusal in self.quoted.refusals if refusal.code == "not_enough_funds"]
        return wording.refusal(short[0]) if short else ""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: UserRequest) -> HttpResponse:
    """The order form. Placing leads to the order's page; every refusal keeps the input and moves no money (R7, R20)."""
    listed = _chosen(request)
    if listed is None:
        return _gone(request) if request.method == "POST" else _choose(request)
    if request.method != "POST":
        return _form_page(request, listed, _empty_form(request, listed))
    form = _filled_form(request, listed)
    if "show" in request.POST or not form.is_valid():
        return _form_page(request, listed, form, status=200 if form.is_valid() else 422)
    return _submit(request, listed, form)


@login_required
@require_POST
def quote(request: UserRequest) -> HttpResponse:
    """The part of the form that follows the typing: price, plan, refund conditions, what is wrong so far (R4, R5)."""
    listed = _chosen(request)
    if listed is None:
        told = wording.refusal(placing.NO_SUCH_SERVICE)
        return TemplateResponse(request, "orders/gone.html#following", {"told": told})
    draft = _draft(request, listed, _filled_form(request, listed))
    return TemplateResponse(request, "orders/place.html#following", {"draft": draft, "swapped": True})


def _chosen(request: UserRequest) -> catalogue.Listed | None:
    number = _number(request)
    return None if number is None else catalogue.service(number, customer=request.user)


def _number(request: UserRequest) -> int | None:
    given = request.POST if request.method == "POST" else request.GET
    number = given.get("service", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else None


def _choose(request: UserRequest) -> HttpResponse:
    search = ServiceSearch(request.GET)
    wanted = search.wanted()
    context: dict[str, object] = {
        "wanted": wanted,
        "asked_for": request.GET.get("service"),
        "window": catalogue.services(wanted, customer=request.user, size=CHOICES),
        "selling": switches.is_selling,
        "recent": [] if wanted.words else habits.ordered_before(customer=request.user, size=RECENT),
    }
    return page_or_part(request, "orders/choose.html", "choices", context)


def _gone(request: UserRequest) -> HttpResponse:
    """The form again, for a service that left sale meanwhile: it says so, and takes its input to another service.

    A second click on what was placed before that leads to its order, as any second click does (decision 13).
    """
    number = _number(request)
    service = None if number is None else catalogue.any_service(number)
    form = PlaceOrder(request.POST, service_type=ServiceType(service.type if service else ServiceType.DEFAULT))
    if form.is_valid() and form.cleaned_data["key"]:
        with suppress(placing.Refused, placing.RequestKeyReused):
            return _placed(request, form, form.cleaned_data["key"])
    form.refuse([(placing.NO_SUCH_SERVICE, wording.refusal(placing.NO_SUCH_SERVICE))])
    wanted = ServiceSearch(request.POST).wanted()
    context = {
        "number": number,
        "service": service,
        "form": form,
        "wanted": wanted,
        "window": catalogue.services(wanted, customer=request.user, size=CHOICES),
    }
    return TemplateResponse(request, "orders/gone.html", context, status=422)


def _empty_form(request: UserRequest, listed: catalogue.Listed) -> PlaceOrder:
    initial = {
        "service": listed.service.pk,
        "key": draft_key.current(request),
        "link": request.GET.get("link", ""),
        "quantity": request.GET.get("quantity", ""),
        "runs": request.GET.get("runs", ""),
        "interval": request.GET.get("interval", ""),
    }
    service = listed.service
    return PlaceOrder(service_type=ServiceType(service.type), dripfeed=service.dripfeed, initial=initial)


def _filled_form(request: UserRequest, listed: catalogue.Listed) -> PlaceOrder:
    service = listed.service
    return PlaceOrder(request.POST, service_type=ServiceType(service.type), dripfeed=service.dripfeed)


def _draft(request: UserRequest, listed: catalogue.Listed, form: PlaceOrder) -> Draft:
    asked = form.request() if form.is_bound else _initially_asked(form, listed)
    accepting = form.accepting() if form.is_bound else {}
    asked = replace(asked, service_id=listed.service.pk)  # a form that was refused at this field no longer says it
    now = timezone.now()
    quoted = quoting.quote(user_id=request.user.pk, request=asked, accepting=accepting, now=now)
    if quoted is None:
        raise Http404  # its last route went away since it was chosen
    shown = quotes.issue(quoted, user_id=request.user.pk, request=asked, now=now)
    return Draft(listed, form, quoted, shown)


def _initially_asked(form: PlaceOrder, listed: catalogue.Listed) -> quoting.Request:
    names = [name for name in ("quantity", "runs", "interval") if name in form.fields]
    asked = {name: form.fields[name].clean(form.initial[name]) for name in names}
    drip = Drip(asked["runs"], asked["interval"]) if asked.get("runs") else None
    return quoting.Request(listed.service.pk, form.initial["link"], asked.get("quantity"), drip=drip)


def _submit(request: UserRequest, listed: catalogue.Listed, form: PlaceOrder) -> HttpResponse:
    key = form.cleaned_data["key"] or draft_key.current(request)
    try:
        return _placed(request, form, key)
    except placing.Refused as refused:
        if placing.NO_SUCH_SERVICE in refused.refusals:
            return _gone(request)  # it left sale since it was looked up above
        first = refused.refusals[0]
        if first.code in TO_BE_SEEN_FIRST:
            return _form_page(request, listed, form, to_be_seen=first, status=409)
        form.refuse((refusal, wording.refusal(refusal)) for refusal in refused.refusals)
        return _form_page(request, listed, form, status=422)
    except placing.RequestKeyReused as reused:
        draft_key.renew(request, used=key)
        return _form_page(request, listed, form, placed_already=reused.order_id, status=409)


def _placed(request: UserRequest, form: PlaceOrder, key: str) -> HttpResponse:
    """Place the order, or find the one that an equal request placed, and go to its page."""
    placed = placing.place_order(
        user_id=request.user.pk,
        request=form.request(),
        request_key=key,
        channel=Order.Channel.WEB,
        accepting=form.accepting(),
        quote=form.quoted(),
        now=timezone.now(),
    )
    draft_key.renew(request, used=key)
    if not placed.created:
        messages.info(request, "This order was already placed. Nothing was charged a second time.")
    return redirect("orders:detail", placed.order_id)


def _form_page(
    request: UserRequest,
    listed: catalogue.Listed,
    form: PlaceOrder,
    *,
    placed_already: int | None = None,
    to_be_seen: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    draft = _draft(request, listed, form)
    missing = draft.quoted.missing
    replaced = _policies_changed(draft, form) if form.is_bound else ()
    context = {
        "draft": draft,
        "to_accept": agreements.to_accept(
            user_id=request.user.pk,
            versions=missing,
            shown=form.shown_versions() if form.is_bound else (),
        ),
        "policies_changed": replaced,
        "key": draft_key.current(request),
        "placed_already": placed_already,
        "to_be_seen": to_be_seen and {"said": wording.refusal(to_be_seen), "order": to_be_seen.facts.get("order")},
        "first_time": not habits.has_ordered(user_id=request.user.pk, service_id=listed.service.pk),
        "agreed": () if missing else habits.agreed(user_id=request.user.pk, versions=draft.quoted.versions),
    }
    return TemplateResponse(request, "orders/place.html", context, status=409 if replaced else status)


def _policies_changed(draft: Draft, form: PlaceOrder) -> tuple[PolicyVersion, ...]:
    """The versions that took effect since the page was shown: it asks for another acceptance (R7, D48)."""
    shown = form.shown_versions()
    changed = (version for version in draft.quoted.missing if shown.get(version.pk) != version.checksum)
    return tuple(changed) if shown else ()
