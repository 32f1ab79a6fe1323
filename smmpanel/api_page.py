"""The customer's page about the API: how to call it, and the keys."""

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import keys
from accounts.http import UserRequest
from accounts.models import ApiKey
from orders.operations.placing import GOVERNING
from policies import operations as policies
from smmpanel.api_access import open_access
from smmpanel.forms import NewKey

CHANGED = (
    "The policies have changed since this page was shown, so no key was created. Read the versions named below, and "
    "create the key if you accept them."
)


@require_safe
def api(request: HttpRequest) -> HttpResponse:
    """How to call the API; the keys too, for who is logged in."""
    return _page(request, NewKey())


@never_cache
@require_POST
@login_required
# An open browser is not enough to make a key that spends the balance.
@reauthentication_required  # type: ignore[untyped-decorator]
def create_key(request: UserRequest) -> HttpResponse:
    """Create a key and show it in this one answer: it is stored nowhere, so no redirect could carry it."""
    form = NewKey(request.POST)
    if request.user.is_suspended:
        form.add_error(None, "Your account is suspended: it can neither order nor use the API.")
    if not form.is_valid():
        return _page(request, form)
    try:
        text = _new_key(request, form)
    except keys.TooManyKeys:
        form.add_error(None, f"You have {keys.MOST_LIVE_KEYS} keys. Revoke one that you no longer use.")
        return _page(request, form)
    except policies.PolicyChanged:
        form.ask_again(CHANGED)
        return _page(request, form, status=409)
    return _page(request, NewKey(), new_key=text)


def _new_key(request: UserRequest, form: NewKey) -> str:
    label, shown = form.cleaned_data["label"], form.shown_versions()
    return open_access(user_id=request.user.pk, label=label, shown=shown, now=timezone.now())


@login_required
@require_POST
def revoke_key(request: UserRequest, key_id: int) -> HttpResponse:
    """End a key for good; without a key, no later policy is covered by what was accepted with it (terms.6.2)."""
    if keys.revoke(user_id=request.user.pk, key_id=key_id, now=timezone.now()):
        messages.success(request, "The key is revoked. Programs that still use it are refused from now on.")
    return redirect("api")


def _page(request: HttpRequest, form: NewKey, *, new_key: str = "", status: int = 422) -> HttpResponse:
    """status: of a form that was refused."""
    required = policies.required_versions(now=timezone.now())
    shown = {
        "form": form,
        "new_key": new_key,
        "api_url": request.build_absolute_uri("/api/v2"),
        "keys": ApiKey.objects.filter(user_id=request.user.pk).order_by("-id") if request.user.pk else [],
        "required": required,
        "governing": [version for version in required if version.policy.slug in GOVERNING],
    }
    return TemplateResponse(request, "smmpanel/api.html", shown, status=status if form.errors else 200)
