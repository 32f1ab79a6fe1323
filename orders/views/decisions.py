"""A decision's receipt, the appeal against it, and the evidence pack of an order: for its owner and nobody else."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

import policies.operations as policies
from accounts.http import UserRequest
from orders.forms import AppealWords
from orders.operations import overturning
from orders.reading.evidence import Pack, own_pack
from orders.reading.receipt import Receipt, receipt_of
from policies.rules.appeals import Redress


@login_required
@require_safe
def receipt(request: UserRequest, order_id: int, decision: UUID) -> HttpResponse:
    """Facts, ground, person or machine, and what to do if one disagrees (D53)."""
    return TemplateResponse(request, "orders/decision.html", {"receipt": _receipt(request, order_id, decision)})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def appeal(request: UserRequest, order_id: int, decision: UUID) -> HttpResponse:
    """Ask a person to look at a decision again; what was typed stays on the page whatever comes of it (D54)."""
    form = AppealWords(request.POST or None)
    asked = _receipt(request, order_id, decision)
    if request.method == "POST" and asked.may_appeal and form.is_valid():
        try:
            overturning.ask(
                user_id=request.user.pk,
                order_id=order_id,
                decision=decision,
                words=form.cleaned_data["words"],
                now=timezone.now(),
            )
        except policies.NotAppealable:  # another tab was faster
            asked = _receipt(request, order_id, decision)
        else:
            messages.success(
                request, "A person will look at this decision again. You are told by mail what comes of it."
            )
            return HttpResponseRedirect(reverse("orders:decision", args=[order_id, decision]))
    context = {"receipt": asked, "form": form, "words": request.POST.get("words", "")}
    return TemplateResponse(request, "orders/appeal.html", context, status=_status(request, asked))


@login_required
@require_safe
def evidence(request: UserRequest, order_id: int) -> HttpResponse:
    """Everything about an order on one page to print: what was shown, accepted, done, decided and paid."""
    back = reverse("orders:detail", args=[order_id])
    as_json = reverse("orders:evidence-json", args=[order_id])
    context = {"pack": _pack(request, order_id), "now": timezone.now(), "back": back, "as_json": as_json}
    return TemplateResponse(request, "orders/evidence.html", context)


@login_required
@require_safe
def evidence_json(request: UserRequest, order_id: int) -> FileResponse:
    """The same as a file."""
    pack = _pack(request, order_id)
    return FileResponse(pack.as_file(now=timezone.now()), as_attachment=True, filename=pack.file_name)


def _receipt(request: UserRequest, order_id: int, decision: UUID) -> Receipt:
    found = receipt_of(order_id=order_id, user_id=request.user.pk, decision=decision, now=timezone.now())
    if found is None:
        raise Http404
    return found


def _pack(request: UserRequest, order_id: int) -> Pack:
    found = own_pack(order_id=order_id, user_id=request.user.pk, now=timezone.now())
    if found is None:
        raise Http404
    return found


def _status(request: UserRequest, asked: Receipt) -> int:
    """200 for the form, 422 for words that do not do, 409 for a decision that can no longer be appealed."""
    if asked.redress is not Redress.POSSIBLE:
        return 409 if request.method == "POST" else 200
    return 422 if request.method == "POST" else 200
