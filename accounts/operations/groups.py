"""The staff groups and what each may do."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.staff import GROUPS, OWNER


def seed() -> None:
    """Make the staff groups and give them exactly their permissions (decision 27). Again changes nothing.

    Raises LookupError naming permissions that do not exist: run it after migrate.
    """
    existing = {
        f"{app}.{codename}": pk
        for app, codename, pk in Permission.objects.values_list("content_type__app_label", "codename", "pk")
    }
    with transaction.atomic(durable=True):
        for name, wanted in {OWNER: tuple(existing), **GROUPS}.items():
            if missing := [permission for permission in wanted if permission not in existing]:
                raise LookupError(f"group {name} names what does not exist: {', '.join(missing)}")
            group, _ = Group.objects.get_or_create(name=name)
            group.permissions.set([existing[permission] for permission in wanted])
