"""The staff pages of the catalogue: services, headings, what changed, and what providers' lists change."""

from orders.admin.catalogue.headings import CatalogueChangeAdmin, CategoryAdmin
from orders.admin.catalogue.services import ServiceAdmin
from orders.admin.catalogue.sync_changes import SyncChangeAdmin
from orders.admin.catalogue.syncs import CatalogueSyncAdmin

__all__ = ["CatalogueChangeAdmin", "CatalogueSyncAdmin", "CategoryAdmin", "ServiceAdmin", "SyncChangeAdmin"]
