"""Addresses of the published policies."""

from django.urls import path

from policies import views

app_name = "policies"

urlpatterns = [
    path("", views.index, name="index"),
    path("changes", views.changes, name="changes"),
    path("changes.atom", views.feed, name="feed"),
    path("map", views.clause_map, name="map"),
    path("<slug:slug>", views.current, name="current"),
    path("<slug:slug>/v<int:number>", views.version, name="version"),
    path("<slug:slug>/v<int:number>.txt", views.text, name="text"),
    path("<slug:slug>/v<int:number>.json", views.hashed, name="json"),
    path("<slug:slug>/v<int:older>..v<int:newer>", views.difference, name="difference"),
]
