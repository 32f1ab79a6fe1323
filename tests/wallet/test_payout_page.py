"""The page where customers ask for their balance back."""

import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.factories import NOON, CustomerFactory
from tests.wallet.test_wallet_page import words
from wallet import operations
from wallet.models import Payout
from wallet.operations import payouts

pytestmark = pytest.mark.django_db
URL = "/wallet/payouts"
IBAN = "DE89 3704 0044 0532 0130 00, A. Customer"


@pytest.fixture
def owner(client):
    """A logged-in customer with $20.005 of cash."""
    user = CustomerFactory(funds=Decimal("20.005"))
    client.force_login(user)
    return user


def typed(**changed):
    return {"amount": "5", "destination": IBAN, "key": str(uuid.uuid4())} | changed


def ask(user, amount="5"):
    return payouts.ask_payout(
        user_id=user.pk, amount=Decimal(amount), destination=IBAN, request_key=uuid.uuid4(), now=timezone.now()
    )


def withdrawn(user):
    payouts.withdraw_payout(user_id=user.pk, payout_id=ask(user, "0.50").pk, now=timezone.now())


def test_what_is_asked_for_leaves_the_wallet_and_stands_in_the_list(client, owner):
    page = client.post(URL, typed(), follow=True)

    text = words(page)
    assert "Your request is with our staff" in text
    assert "$5.00 Waiting for our staff" in text
    assert IBAN in text
    assert "Can be paid out $15.00" in text
    assert operations.balance_of(owner.pk) == Decimal("15.005")


def test_the_same_form_twice_is_one_request(client, owner):
    form = typed()
    client.post(URL, form)
    client.post(URL, form)

    assert Payout.objects.count() == 1


def test_a_used_form_with_another_amount_keeps_its_input_and_asks_again(client, owner):
    form = typed()
    client.post(URL, form)

    page = client.post(URL, form | {"amount": "6"})

    assert page.status_code == 422
    assert "This form has sent a request already" in words(page)
    assert 'value="6"' in page.content.decode()
    client.post(URL, form | {"amount": "6", "key": page.context["form"]["key"].value()})
    assert [payout.amount for payout in Payout.objects.order_by("id")] == [5, 6]


def test_a_used_form_with_another_destination_keeps_its_input_and_asks_again(client, owner):
    form = typed()
    client.post(URL, form)

    page = client.post(URL, form | {"destination": "Another account"})

    assert page.status_code == 422
    assert "This form has sent a request already" in words(page)
    assert "Another account" in page.content.decode()
    assert page.context["form"]["key"].value() != form["key"]
    assert Payout.objects.count() == 1


def test_a_form_whose_request_was_withdrawn_says_so_and_asks_anew_when_sent_again(client, owner):
    form = typed()
    client.post(URL, form, follow=True)
    client.post(f"{URL}/{Payout.objects.get().pk}/withdraw")

    page = client.post(URL, form)

    assert page.status_code == 422
    assert "This request was sent before and is withdrawn" in words(page)
    assert "with our staff" not in words(page)
    client.post(URL, form | {"key": page.context["form"]["key"].value()})
    assert [payout.state for payout in Payout.objects.order_by("id")] == ["withdrawn", "asked"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", "20.01", "At most $20.00 can be paid out."),
        ("amount", "0", "greater than or equal to"),
        ("amount", "-1", "greater than or equal to"),
        ("amount", "1.001", "no more than 2 decimal places"),
        ("amount", "much", "Enter a number"),
        ("amount", "", "required"),
        ("destination", "   ", "required"),
    ],
)
def test_a_refusal_stands_at_its_field_and_keeps_the_input(client, owner, field, value, said):
    page = client.post(URL, typed(**{field: value}))

    assert page.status_code == 422
    assert said in page.context["form"].errors[field][0]
    if field == "amount":
        assert IBAN in page.content.decode()
    assert operations.balance_of(owner.pk) == Decimal("20.005")


def test_bonus_is_never_paid_out_and_said_so(client, owner):
    operations.grant_bonus(
        user_id=owner.pk, amount=Decimal(3), key="b", subject_type="", subject_id=None, actor="system", now=NOON
    )

    assert "Can be paid out $20.00 Bonus, never paid out $3.00" in words(client.get(URL))


def test_a_frozen_wallet_says_so_and_offers_no_form(client, owner):
    operations.freeze(user_id=owner.pk, reason="Chargeback", actor="system", now=NOON)

    page = client.get(URL)
    refused = client.post(URL, typed())

    assert "Your wallet is frozen" in words(page)
    assert 'name="amount"' not in page.content.decode()
    assert (refused.status_code, Payout.objects.count()) == (422, 0)


def test_a_sixth_request_is_told_to_wait(client, owner):
    for _ in range(5):
        ask(owner, "1")

    page = client.post(URL, typed(amount="1"))

    assert page.status_code == 422
    assert "5 requests of yours wait already. Withdraw one" in words(page)
    assert operations.balance_of(owner.pk) == Decimal("15.005")


def test_a_request_is_withdrawn_and_the_money_is_back(client, owner):
    payout = ask(owner)

    page = client.post(f"{URL}/{payout.pk}/withdraw", follow=True)

    assert "Withdrawn: $5.00 is back in your wallet." in words(page)
    assert operations.balance_of(owner.pk) == Decimal("20.005")


def test_what_was_decided_meanwhile_cannot_be_withdrawn(client, owner):
    payout = ask(owner)
    staff = CustomerFactory(is_staff=True, is_superuser=True)
    payouts.pay_out(staff=staff, payout_id=payout.pk, reference="SEPA 1", now=timezone.now())

    page = client.post(f"{URL}/{payout.pk}/withdraw", follow=True)

    assert "has been decided meanwhile" in words(page)
    assert "Paid out" in words(page)
    assert "Reference: SEPA 1" in words(page)


def test_the_reason_of_a_refusal_is_shown(client, owner):
    payout = ask(owner)
    staff = CustomerFactory(is_staff=True, is_superuser=True)
    payouts.refuse_payout(staff=staff, payout_id=payout.pk, reason="This account is not yours.", now=timezone.now())

    assert "Refused: This account is not yours. The amount is back in your wallet." in words(client.get(URL))


def test_nobody_sees_or_withdraws_the_request_of_another(client, owner):
    payout = ask(CustomerFactory(funds=Decimal(50)))

    assert IBAN not in client.get(URL).content.decode()
    assert client.post(f"{URL}/{payout.pk}/withdraw").status_code == 404
    payout.refresh_from_db()
    assert payout.state == Payout.State.ASKED


def test_a_long_list_has_pages_and_as_many_queries(client, owner, django_assert_num_queries):
    for _ in range(12):
        withdrawn(owner)
    with django_assert_num_queries(7):
        client.get(URL)
    for _ in range(12):
        withdrawn(owner)

    with django_assert_num_queries(7):
        first = client.get(URL)
    second = client.get(f"{URL}?before={first.context['older_than']}")

    assert [len(page.context["payouts"]) for page in (first, second)] == [20, 4]


def test_an_empty_list_says_what_it_is_for(client):
    client.force_login(CustomerFactory())

    text = words(client.get(URL))

    assert "No requests yet" in text
    assert "There is nothing to pay out." in text
