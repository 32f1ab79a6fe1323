"""The staff pages about policies: they translate, operations write."""

from policies.admin import checks, recorded, versions

__all__ = ["checks", "recorded", "versions"]
