"""The addresses of catalogue, order form, orders list, order page, decisions and evidence."""

from django.urls import path

from orders.views import decisions, index, order, placing, services

app_name = "orders"
urlpatterns = [
    path("services", services.index, name="services"),
    path("services/<int:service_id>", services.detail, name="service"),
    path("order", placing.place, name="place"),
    path("order/quote", placing.quote, name="quote"),
    path("orders", index.index, name="index"),
    path("orders/<int:order_id>", order.detail, name="detail"),
    path("orders/<int:order_id>/cancel", order.cancel, name="cancel"),
    path("orders/<int:order_id>/refill", order.refill, name="refill"),
    path("orders/<int:order_id>/decisions/<uuid:decision>", decisions.receipt, name="decision"),
    path("orders/<int:order_id>/decisions/<uuid:decision>/appeal", decisions.appeal, name="appeal"),
    path("orders/<int:order_id>/evidence", decisions.evidence, name="evidence"),
    path("orders/<int:order_id>/evidence.json", decisions.evidence_json, name="evidence-json"),
]
