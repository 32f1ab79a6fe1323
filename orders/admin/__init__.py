"""The staff pages of catalogue, providers and orders: they translate, operations write."""

from orders.admin import appeals, by_hand, catalogue, flags, forecasts, orders, prices, providers, switches

__all__ = ["appeals", "by_hand", "catalogue", "flags", "forecasts", "orders", "prices", "providers", "switches"]
