"""The shapes of catalogue, orders and delivery: columns, constraints and chainable querysets, nothing that acts."""

from orders.models.canceling import CancelCall
from orders.models.catalogue import CatalogueChange, Category, PriceRule, Route, Service, ServiceHistory
from orders.models.delivery import Delivery, PollBatch, Sample
from orders.models.order import Flag, LinkHold, Order, OrderEvent, Quote
from orders.models.provider import Provider, ProviderLease, Wave
from orders.models.refill import Refill, RefillCall
from orders.models.run import Attempt, Handling, Run, RunByHand
from orders.models.switches import Switches, SwitchTurn
from orders.models.syncing import CatalogueSync, SyncChange

__all__ = [
    "Attempt",
    "CancelCall",
    "CatalogueChange",
    "CatalogueSync",
    "Category",
    "Delivery",
    "Flag",
    "Handling",
    "LinkHold",
    "Order",
    "OrderEvent",
    "PollBatch",
    "PriceRule",
    "Provider",
    "ProviderLease",
    "Quote",
    "Refill",
    "RefillCall",
    "Route",
    "Run",
    "RunByHand",
    "Sample",
    "Service",
    "ServiceHistory",
    "SwitchTurn",
    "Switches",
    "SyncChange",
    "Wave",
]
