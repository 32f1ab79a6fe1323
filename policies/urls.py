"""Addresses of the published policies."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter

from policies import views


class VersionNumber(IntConverter):
    """A version's number as it is written: one address each, so that "v01" is none."""

    regex = "[1-9][0-9]{0,4}"


register_converter(VersionNumber, "version")

app_name = "policies"

urlpatterns = [
    path("", views.index, name="index"),
    path("changes", views.changes, name="changes"),
    path("changes.atom", views.feed, name="feed"),
    path("map", views.clause_map, name="map"),
    path("<slug:slug>", views.current, name="current"),
    path("<slug:slug>/v<version:number>", views.version, name="version"),
    path("<slug:slug>/v<version:number>.txt", views.text, name="text"),
    path("<slug:slug>/v<version:number>.json", views.hashed, name="json"),
    path("<slug:slug>/v<version:older>..v<version:newer>", views.difference, name="difference"),
]
