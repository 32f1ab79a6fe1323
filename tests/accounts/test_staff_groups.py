"""Three groups of staff with named permissions (decision 27)."""

import pytest
from django.contrib.auth.models import Group, Permission

from accounts import operations
from accounts.models import User
from accounts.staff import GROUPS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", [name for names in GROUPS.values() for name in names])
def test_each_permission_a_group_names_exists(name):
    app, codename = name.split(".")

    assert Permission.objects.filter(content_type__app_label=app, codename=codename).count() == 1


def test_seeding_twice_makes_the_same_three_groups():
    operations.seed()
    before = {group.name: group.permissions.count() for group in Group.objects.all()}
    operations.seed()

    assert before == {group.name: group.permissions.count() for group in Group.objects.all()}
    assert set(before) == {"owner", "support", "finance"}


def test_support_suspends_and_finance_credits_and_neither_does_the_other():
    operations.seed()
    support, finance = (User.objects.create_user(f"{name}@example.test", is_staff=True) for name in ("s", "f"))
    support.groups.add(Group.objects.get(name="support"))
    finance.groups.add(Group.objects.get(name="finance"))

    assert support.has_perm("accounts.suspend_user")
    assert not support.has_perm("wallet.can_adjust")
    assert finance.has_perm("wallet.can_adjust")
    assert not finance.has_perm("accounts.suspend_user")
    assert not support.has_perm("auth.change_group")


def test_a_permission_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.setitem(GROUPS, "support", ("wallet.print_money",))

    with pytest.raises(LookupError, match=r"wallet\.print_money"):
        operations.seed()
