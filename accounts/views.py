"""A user's own pages that allauth does not bring."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from accounts import forms, operations
from accounts.http import UserRequest


@login_required
@require_http_methods(["GET", "POST"])
def settings(request: UserRequest) -> HttpResponse:
    """Name, time zone and language."""
    user = request.user
    now_set = {"name": user.name, "time_zone": user.time_zone, "language": user.language}
    form = forms.Settings(request.POST or None, initial=now_set)
    if request.method == "POST" and form.is_valid():
        operations.change_settings(user_id=user.pk, **form.cleaned_data)
        messages.success(request, "Your settings are saved.")
        return redirect("accounts:settings")
    return TemplateResponse(request, "accounts/settings.html", {"form": form})
