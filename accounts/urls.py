"""Addresses of a user's own pages; logging in and the rest is allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [path("settings", views.settings, name="settings")]
