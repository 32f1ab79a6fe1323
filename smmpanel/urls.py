"""The site's address list: one include an app."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from smmpanel import api_page, views
from wallet import webhooks

# Staff log in where everybody does: one login, one set of limits, one second factor (decision 26).
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "smmpanel.views.broken"

urlpatterns = [
    path("", views.home, name="home"),
    path("theme", views.theme, name="theme"),
    path("how-it-works", views.how_it_works, name="how-it-works"),
    path("about", views.about, name="about"),
    path("responsible-use", views.responsible_use, name="responsible-use"),
    path("api/", include("orders.api.urls")),
    path("account/", include("accounts.urls")),
    path("api", api_page.api, name="api"),  # the page about it; the API itself lies under api/
    path("api-keys", api_page.create_key, name="api-key-create"),
    path("api-keys/<int:key_id>/revoke", api_page.revoke_key, name="api-key-revoke"),
    path("wallet/", include("wallet.urls")),
    path("webhooks/<slug:gateway>", webhooks.receive, name="webhook"),
    path("policies/", include("policies.urls")),
    path("", include("orders.urls")),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
