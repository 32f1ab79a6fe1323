"""Acts of staff that begin with a customer: typed, their effect shown, confirmed (decision 27)."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import NOON, CustomerFactory
from tests.wallet.admin_pages.walking import page, without
from tests.wallet.people import held
from tests.wallet.test_wallet_page import words
from wallet.models import (
    BONUS,
    Payout,
    Safeguard,
)
from wallet.operations import safeguards

pytestmark = pytest.mark.django_db


class TestSheets:
    """Pages that begin with a customer: typed, shown, confirmed."""

    CASES = [
        ("correct", {"amount": "10", "reason": "Paid twice"}, "has $5.00 of cash and will have $15.00", "done."),
        ("correct", {"amount": "-2", "reason": "Paid twice"}, "will have $3.00", "done."),
        ("correct", {"amount": "101", "reason": "Paid twice"}, "another person approves", "waits for another"),
        ("goodwill", {"amount": "10", "reason": "Sorry"}, "$190.00 of this month", "Given as transfer"),
        (
            "record_payout",
            {"amount": "4", "reference": "B1", "reason": "By mail"},
            "$1.00 of cash is left",
            "Recorded as payout",
        ),
        ("freeze", {"reason": "Chargeback"}, "can neither spend it nor have it paid out", "is frozen."),
        ("limits", {"daily": "5", "reason": "Asked for"}, "will be $5.00 a day, no limit a month", "$5.00 a day"),
    ]

    @pytest.mark.parametrize(("name", "typed", "effect", "outcome"), CASES)
    def test_the_effect_is_shown_before_anything_happens_and_then_it_happens(
        self, client, finance, name, typed, effect, outcome
    ):
        user = CustomerFactory(funds=Decimal(5))
        before = (held(user), held(user, BONUS), Payout.objects.count(), Safeguard.objects.count())
        address = reverse(f"admin:wallet_{name}")
        typed = {"email": user.email.upper(), "key": str(uuid4()), **typed}

        shown = client.post(address, typed)

        assert effect in words(shown)
        assert (held(user), held(user, BONUS), Payout.objects.count(), Safeguard.objects.count()) == before
        done = words(client.post(address, {**typed, "confirmed": "yes"}, follow=True))
        assert outcome in done.replace(" .", ".")

    def test_confirming_twice_is_one_correction(self, client, finance):
        user = CustomerFactory()
        typed = {"email": user.email, "amount": "10", "reason": "Why", "key": str(uuid4()), "confirmed": "yes"}

        client.post(reverse("admin:wallet_correct"), typed)
        client.post(reverse("admin:wallet_correct"), typed)

        assert held(user) == 10

    @pytest.mark.parametrize("name", ["correct", "goodwill", "record_payout"])
    def test_a_used_form_with_another_amount_moves_nothing_and_says_so(self, client, finance, name):
        user = CustomerFactory(funds=Decimal(20))
        typed = {"email": user.email, "amount": "5", "reason": "Why", "reference": "B1", "key": str(uuid4())}
        client.post(reverse(f"admin:wallet_{name}"), typed | {"confirmed": "yes"})
        before = (held(user), held(user, BONUS))

        page = client.post(reverse(f"admin:wallet_{name}"), typed | {"confirmed": "yes", "amount": "6"})

        assert page.status_code == 200
        assert "This form has done something else already" in words(page)
        assert (held(user), held(user, BONUS)) == before

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
    def test_nobody_records_a_payout_to_themselves(self, client, finance, confirmed):
        typed = {"email": finance.email, "amount": "1", "reason": "Why", "reference": "B1", "key": str(uuid4())}

        assert "another person decides" in words(client.post(reverse("admin:wallet_record_payout"), typed | confirmed))

    def test_going_back_keeps_what_was_typed(self, client, finance):
        user = CustomerFactory()
        typed = {"email": user.email, "amount": "10", "reason": "Why", "key": str(uuid4()), "change": "yes"}

        shown = client.post(reverse("admin:wallet_correct"), typed).content.decode()

        assert 'value="10"' in shown
        assert "Show the effect" in shown

    @pytest.mark.parametrize(
        ("name", "field", "value"),
        [
            ("correct", "email", "no@example.test"),
            ("correct", "amount", "0"),
            ("correct", "amount", "0.000001"),
            ("correct", "reason", " "),
            ("goodwill", "amount", "-1"),
            ("goodwill", "amount", "1.001"),
            ("record_payout", "reference", ""),
            ("limits", "daily", "-1"),
        ],
    )
    def test_what_cannot_be_comes_back_with_its_field_marked(self, client, finance, name, field, value):
        user = CustomerFactory(funds=Decimal(5))
        typed = {"email": user.email, "amount": "1", "reason": "Why", "reference": "B1", "key": str(uuid4())}

        response = client.post(reverse(f"admin:wallet_{name}"), typed | {field: value, "confirmed": "yes"})

        assert list(response.context["form"].errors) == [field]
        assert (held(user), held(user, BONUS)) == (5, 0)

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
    @pytest.mark.parametrize(
        ("name", "amount", "said"),
        [
            ("correct", "-6", "only $5.00 of cash"),
            ("record_payout", "6", "only $5.00 of cash"),
            ("goodwill", "200.01", "$200.00 is left"),
        ],
    )
    def test_what_is_refused_is_said_on_the_page(self, client, finance, name, amount, said, confirmed):
        user = CustomerFactory(funds=Decimal(5))
        typed = {"email": user.email, "amount": amount, "reason": "Why", "reference": "B1", "key": str(uuid4())}

        assert said in words(client.post(reverse(f"admin:wallet_{name}"), typed | confirmed))
        assert (held(user), held(user, BONUS)) == (5, 0)

    @pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
    def test_nobody_gives_goodwill_to_themselves(self, client, finance, confirmed):
        typed = {"email": finance.email, "amount": "1", "reason": "Why", "key": str(uuid4())}

        assert "to themselves" in words(client.post(reverse("admin:wallet_goodwill"), typed | confirmed))

    def test_freezing_again_says_so(self, client, finance):
        user = CustomerFactory()
        safeguards.freeze(user_id=user.pk, reason="Chargeback", actor="system", now=NOON)
        typed = {"email": user.email, "reason": "Again", "confirmed": "yes"}

        assert "frozen already" in words(client.post(reverse("admin:wallet_freeze"), typed))

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("correct", "can_adjust"),
            ("goodwill", "can_give_goodwill"),
            ("record_payout", "can_pay_out"),
            ("freeze", "can_freeze"),
            ("limits", "can_limit"),
        ],
    )
    def test_each_takes_its_permission(self, client, finance, name, code):
        without(finance, code)

        assert client.get(reverse(f"admin:wallet_{name}")).status_code == 403

    @pytest.mark.parametrize(
        ("model", "tools"),
        [
            ("adjustment", ["Correct a wallet", "Give goodwill"]),
            ("payout", ["Record a payout"]),
            ("safeguard", ["Freeze a wallet", "Set our limits"]),
        ],
    )
    def test_the_lists_lead_there_for_those_who_may(self, client, finance, model, tools):
        assert all(tool in page(client, model) for tool in tools)

        finance.user_permissions.set(Permission.objects.filter(codename=f"view_{model}"))

        assert not any(tool in page(client, model) for tool in tools)
