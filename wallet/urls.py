"""Addresses of a customer's wallet."""

from django.urls import path

from wallet.views import adding, limits, payouts, statement, top_ups

app_name = "wallet"
urlpatterns = [
    path("", statement.index, name="index"),
    path("statement.csv", statement.export, name="export"),
    path("add", adding.add, name="add"),
    path("add/quote", adding.quote, name="quote"),
    path("top-ups/<slug:reference>", top_ups.detail, name="top-up"),
    path("top-ups/<slug:reference>/state", top_ups.state, name="top-up-state"),
    path("missing", top_ups.missing, name="missing"),
    path("limits", limits.limits, name="limits"),
    path("payouts", payouts.index, name="payouts"),
    path("payouts/<int:payout_id>/withdraw", payouts.withdraw, name="payout-withdraw"),
]
