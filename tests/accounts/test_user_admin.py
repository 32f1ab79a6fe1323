"""The users' pages in the admin: what staff may see and do, and what a search costs."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse

from accounts import keys, operations
from accounts.admin import UserAdmin
from accounts.models import User

pytestmark = pytest.mark.django_db
USERS = reverse("admin:accounts_user_changelist")


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.STAFF_MFA_REQUIRED = False


@pytest.fixture
def staff(client):
    """Log the client in as staff of a group."""

    def log_in(group):
        operations.seed()
        user = User.objects.create_user(f"{group}@example.test", "a password for staff", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client.force_login(user)
        return user

    return log_in


@pytest.fixture
def customer():
    return User.objects.create_user("customer@example.test", "a long enough password")


def suspend(client, users, reason="Chargeback"):
    chosen = {"action": "suspend", "reason": reason, "_selected_action": [user.pk for user in users]}
    return client.post(USERS, chosen, follow=True).content.decode()


@pytest.mark.parametrize("words", ["9" * 5000, "９" * 20, "²"])
def test_a_number_that_is_no_id_finds_nobody(client, staff, words):
    """More digits than Python turns into a number are refused by it with an error of their own."""
    staff("owner")

    assert client.get(USERS, {"q": words}).status_code == 200


class TestSuspending:
    def test_support_suspends_with_a_reason(self, client, staff, customer):
        support = staff("support")

        assert "1 of 1 suspended" in suspend(client, [customer])
        customer.refresh_from_db()
        assert customer.suspended_reason == "Chargeback"
        assert customer.events.get().actor == f"staff:{support.pk}"

    def test_without_a_reason_nobody_is_suspended(self, client, staff, customer):
        staff("support")

        assert "needs a reason" in suspend(client, [customer], reason=" ")
        customer.refresh_from_db()
        assert not customer.is_suspended

    def test_staff_among_the_chosen_are_named_and_left_alone(self, client, staff, customer):
        support = staff("support")

        page = suspend(client, [customer, support])

        assert "1 of 2 suspended" in page
        assert "Staff are not suspended but deactivated: support@example.test" in page

    def test_finance_cannot_suspend(self, client, staff, customer):
        staff("finance")
        suspend(client, [customer])

        customer.refresh_from_db()
        assert not customer.is_suspended

    def test_support_reinstates(self, client, staff, customer):
        staff("support")
        suspend(client, [customer])

        page = client.post(USERS, {"action": "reinstate", "_selected_action": [customer.pk]}, follow=True)

        assert "1 of 1 reinstated" in page.content.decode()


class TestWhatIsShown:
    def test_neither_password_hash_nor_key_digest_is_on_the_page(self, client, staff, customer, now):
        staff("owner")
        key, _ = keys.create_key(user_id=customer.pk, label="shop", now=now)
        page = client.get(reverse("admin:accounts_user_change", args=[customer.pk])).content.decode()

        assert key.prefix in page
        assert key.digest not in page
        assert customer.password not in page
        assert "argon2" not in page

    def test_support_cannot_make_anybody_staff(self, client, staff, customer):
        staff("support")
        address = reverse("admin:accounts_user_change", args=[customer.pk])

        assert client.post(address, {"is_staff": "on", "is_active": "on"}).status_code == 403

    def test_nobody_is_added_or_deleted(self, client, staff, customer):
        staff("owner")

        assert client.get(reverse("admin:accounts_user_add")).status_code == 403
        assert client.post(reverse("admin:accounts_user_delete", args=[customer.pk])).status_code == 403

    def test_an_owner_makes_a_user_staff(self, client, staff, customer):
        staff("owner")
        values = {
            "name": "New hand", "time_zone": "Asia/Kolkata", "language": "en", "is_active": "on", "is_staff": "on",
            "groups": [Group.objects.get(name="support").pk],
            **{f"{rows}-{form}_FORMS": 0 for rows in ("api_keys", "events") for form in ("TOTAL", "INITIAL")},
        }  # fmt: skip
        answer = client.post(reverse("admin:accounts_user_change", args=[customer.pk]), values)

        customer.refresh_from_db()
        assert answer.status_code == 302, answer.context["errors"]
        assert customer.is_staff
        assert customer.has_perm("orders.handle_order")


class TestTheList:
    @pytest.mark.parametrize("term", ["Customer", "customer@EXAMPLE.test", "id"])
    def test_a_customer_is_found_by_address_in_any_case_and_by_id(self, client, staff, customer, term):
        staff("support")

        page = client.get(USERS, {"q": str(customer.pk) if term == "id" else term}).content.decode()

        assert "customer@example.test</a>" in page

    @pytest.mark.parametrize("term", ["customer@example.test", "cust", "12"])
    def test_a_search_reads_an_index_and_never_the_table(self, rf, term):
        """EXPLAIN with sequential scans made expensive: what still scans has no index to use."""
        found, _ = UserAdmin(User, None).get_search_results(rf.get("/"), User.objects.all(), term)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

        assert "Seq Scan" not in found.explain()

    def test_djangos_own_exact_search_would_have_scanned(self):
        """The control for the test above."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

        assert "Seq Scan" in User.objects.filter(email__iexact="customer@example.test").explain()

    def test_ten_more_users_cost_no_more_queries(self, client, staff, django_assert_max_num_queries):
        staff("support")

        def queries():
            with django_assert_max_num_queries(40) as seen:
                client.get(USERS)
            return len(seen)

        first = queries()
        for number in range(10):
            User.objects.create_user(f"more{number}@example.test")

        assert queries() == first
