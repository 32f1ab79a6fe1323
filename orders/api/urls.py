"""The addresses of the API: with and without the slash, since a redirect would lose the POST (api-v2 b.1)."""

from django.urls import path

from orders.api.v2 import v2

app_name = "api"
urlpatterns = [
    path("v2", v2, name="v2"),
    path("v2/", v2, name="v2-slash"),
]
