"""Adding funds as a customer does it: the form with its quote, the payment's page, and finding it again."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from tests.factories import CustomerFactory
from tests.wallet.paying import Stripe, begun, connect, give_bonus_from, offer, settle, truth_of
from tests.wallet.people import staff_with
from tests.wallet.test_wallet_page import words
from wallet import operations
from wallet.models import Event, TopUp
from wallet.operations import payments

pytestmark = pytest.mark.django_db
ADD = "/wallet/add"


@pytest.fixture
def owner(client):
    """A logged-in customer with $3."""
    user = CustomerFactory(funds=Decimal(3))
    client.force_login(user)
    return user


@pytest.fixture
def by_hand():
    """Bank transfer, 1 to 500, without a fee."""
    return offer(
        "manual", title="Bank transfer", maximum=500, fee_basis_points=0, fee_fixed=0, instructions="To: IBAN 1\nBank B"
    )


@pytest.fixture
def stage():
    stand_in = Stripe()
    yield stand_in
    stand_in.stop()


@pytest.fixture
def card(settings, stage):
    """Stripe, with its keys, 5 to 1,000."""
    connect(settings, stage)
    return offer(title="Card", minimum=5, maximum=1000)


def typed(**changed):
    return {"amount": "50", "gateway": "manual", "key": str(uuid.uuid4())} | changed


def page_of(client, top_up):
    return client.get(reverse("wallet:top-up", args=[top_up.reference]))


def moved_to(top_up, state, **columns):
    """The top-up in a state that other tests show how to reach."""
    TopUp.objects.filter(pk=top_up.pk).update(state=state, **columns)
    return TopUp.objects.get(pk=top_up.pk)


class TestForm:
    def test_ways_to_pay_are_listed_with_their_terms_and_bonuses(self, client, owner, by_hand, card):
        give_bonus_from(100, 500)

        text = words(client.get(ADD))

        assert "Bank transfer $1.00 to $500.00, no fee" in text
        assert "Card $5.00 to $1,000.00, fee 2.9 % + $0.30" in text
        assert "From $100.00: 5 % bonus" in text

    def test_a_gateway_without_its_keys_is_not_offered(self, client, owner, by_hand):
        offer("stripe", title="Card")

        page = client.get(ADD)
        refused = client.post(ADD, typed(gateway="stripe"))

        assert "Card" not in words(page)
        assert "valid choice" in refused.context["form"].errors["gateway"][0]

    def test_without_any_way_to_pay_it_says_whom_to_write_to(self, client, owner, settings):
        assert f"No way to pay is set up Write to {settings.SUPPORT_EMAIL}" in words(client.get(ADD))

    def test_what_the_address_asks_for_is_filled_in_and_quoted(self, client, owner, by_hand, card):
        page = client.get(ADD, {"amount": "20", "gateway": "stripe"})

        assert 'value="20"' in page.content.decode()
        assert 'value="stripe" checked' in page.content.decode()
        assert "Fee $0.88 You pay $20.88" in words(page)

    def test_a_debt_and_a_freeze_are_said(self, client, owner, by_hand):
        debt(owner)
        operations.freeze(user_id=owner.pk, reason="Chargeback", actor="system", now=timezone.now())

        text = words(client.get(ADD))

        assert "You owe $7.00" in text
        assert "Your wallet is frozen" in text


def debt(user, amount="7"):
    """Take back more than there is: the wallet is empty afterwards and owes the rest."""
    operations.take_back(
        user_id=user.pk,
        amount=operations.balance_of(user.pk) + Decimal(amount),
        bonus=Decimal(0),
        key="taken",
        subject_type="top_up",
        subject_id=1,
        actor="system",
        reason="",
        now=timezone.now(),
    )


class TestQuote:
    def quote(self, client, **changed):
        return client.post(ADD + "/quote", typed(**changed))

    def test_it_says_what_is_paid_and_what_the_wallet_gets(self, client, owner, card):
        give_bonus_from(50, 1000)

        part = self.quote(client, gateway="stripe")

        assert "Amount $50.00 Fee $1.75 You pay $51.75 Bonus +$5.00 Balance now $3.00 Balance after $58.00" in words(
            part
        )
        assert "<html" not in part.content.decode()

    def test_what_is_owed_is_paid_first(self, client, owner, by_hand):
        debt(owner, "7")

        assert "Pays what you owe $7.00 Balance now $0.00 Balance after $43.00" in words(self.quote(client))

    def test_an_error_waits_until_the_field_was_left(self, client, owner, by_hand):
        early = self.quote(client, amount="0.5")
        late = self.quote(client, amount="0.5", touched="amount")

        assert "Add at least" not in words(early)
        assert '<div class="errorlist" id="id_amount_error" hx-swap-oob="true">Add at least' in late.content.decode()

    @pytest.mark.parametrize("amount", ["", "x", "1e3", "NaN", "-5", "99999999999999", "0.001"])
    def test_what_is_no_amount_is_no_error(self, client, owner, by_hand, amount):
        assert self.quote(client, amount=amount).status_code == 200


def asked_for():
    """Every top-up but the one that the owner's $3 came by."""
    return TopUp.objects.exclude(credited=3)


class TestSending:
    def test_by_hand_it_leads_to_the_page_that_says_how_to_pay(self, client, owner, by_hand):
        response = client.post(ADD, typed())

        top_up = asked_for().get()
        assert response["Location"] == reverse("wallet:top-up", args=[top_up.reference])
        text = words(client.get(response["Location"]))
        assert "Send $50.00, and write the reference" in text
        assert top_up.reference in text
        assert "To: IBAN 1 Bank B" in text
        assert operations.balance_of(owner.pk) == 3

    def test_a_gateway_where_forms_may_lead_is_opened_at_once(self, client, owner, card, settings):
        policy = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
        settings.CONTENT_SECURITY_POLICY = {
            "DIRECTIVES": policy | {"form-action": ["'self'", "https://checkout.stripe.example"]}
        }

        response = client.post(ADD, typed(gateway="stripe"))

        assert response["Location"] == asked_for().get().pay_url
        assert response["Location"].startswith("https://checkout.stripe.example/")

    def test_another_is_a_link_on_our_page(self, client, owner, card):
        """A browser would stop the redirect of a form to a domain of the shop's own."""
        page = client.post(ADD, typed(gateway="stripe"), follow=True)

        assert f'href="{asked_for().get().pay_url}"' in page.content.decode()
        assert "Pay $51.75" in words(page)

    def test_the_same_form_twice_is_one_payment(self, client, owner, by_hand):
        form = typed()

        assert client.post(ADD, form)["Location"] == client.post(ADD, form)["Location"]
        assert asked_for().count() == 1

    def test_a_used_form_with_another_amount_keeps_its_input_and_asks_again(self, client, owner, by_hand):
        form = typed()
        client.post(ADD, form)

        page = client.post(ADD, form | {"amount": "60"})

        assert page.status_code == 422
        assert "This form has begun a payment already" in words(page)
        client.post(ADD, form | {"amount": "60", "key": page.context["form"]["key"].value()})
        assert [top_up.amount for top_up in asked_for().order_by("id")] == [50, 60]

    @pytest.mark.parametrize(
        ("amount", "said"),
        [
            ("0.99", "Add at least 1.00 USD."),
            ("500.01", "Add at most 500.00 USD at a time."),
            ("1.001", "2 decimal places"),
            ("-3", "greater than or equal to"),
            ("", "required"),
            ("all", "Enter a number"),
        ],
    )
    def test_a_refusal_stands_at_its_field_and_keeps_the_input(self, client, owner, by_hand, amount, said):
        page = client.post(ADD, typed(amount=amount))

        assert page.status_code == 422
        assert said in page.context["form"].errors["amount"][0]
        assert not amount or f'value="{amount}"' in page.content.decode()
        assert 'value="manual" checked' in page.content.decode()
        assert not asked_for().exists()

    def test_without_scripts_a_button_shows_what_it_costs(self, client, owner, card):
        page = client.post(ADD, typed(gateway="stripe", show="1"))

        assert "You pay $51.75" in words(page)
        assert not asked_for().exists()

    def test_a_gateway_that_does_not_answer_is_said_and_trying_again_is_safe(
        self, client, owner, card, settings, stage
    ):
        connect(settings, stage, port=1)
        form = typed(gateway="stripe")

        page = client.post(ADD, form, follow=True)
        assert "Card does not answer right now Nothing was charged." in words(page)

        connect(settings, stage)
        fields = dict(
            re.findall(r'<input type="hidden" name="(gateway|amount|key)" value="([^"]+)">', page.content.decode())
        )
        again = client.post(ADD, fields, follow=True)
        assert "Waiting for your payment" in words(again)
        assert asked_for().count() == 1

    def test_a_gateway_that_refuses_is_said(self, client, owner, card, stage):
        stage.refuse("No such account")

        page = client.post(ADD, typed(gateway="stripe"), follow=True)

        assert "This payment was never begun" in words(page)
        assert "nothing was charged" in words(page)


class TestPaymentPage:
    def test_nobody_sees_that_of_another(self, client, owner, by_hand):
        top_up = begun(CustomerFactory(), gateway="manual")

        assert page_of(client, top_up).status_code == 404
        assert client.get(reverse("wallet:top-up-state", args=[top_up.reference])).status_code == 404
        assert client.get(reverse("wallet:top-up", args=["TU-NONE"])).status_code == 404

    def test_it_asks_again_while_it_waits_and_no_more_when_it_has_ended(self, client, owner, card):
        top_up = begun(owner)
        waiting = page_of(client, top_up).content.decode()
        settle(top_up, truth_of(top_up))

        part = client.get(reverse("wallet:top-up-state", args=[top_up.reference])).content.decode()

        assert 'hx-trigger="every' in waiting
        assert "hx-get" not in part
        assert "<html" not in part
        assert "Paid: $50.00 added to your wallet" in re.sub(r"\s+", " ", part)

    def test_the_receipt_says_who_paid_what_to_whom(self, client, owner, card, settings):
        give_bonus_from(50, 1000)
        top_up = begun(owner)
        settle(top_up, truth_of(top_up))

        text = words(page_of(client, top_up))

        assert "Receipt" in text
        assert "Paid: $50.00 and $5.00 bonus added to your wallet" in text
        assert "For your wallet $50.00 Fee $1.75 Paid $51.75 Bonus $5.00 Paid by Card" in text
        for said in (top_up.reference, top_up.payment_id, owner.email, settings.SITE_NAME, settings.SUPPORT_EMAIL):
            assert said in text

    @pytest.mark.parametrize(
        ("received", "currency", "said"),
        [
            ("40", "USD", "Less arrived than was asked for. Received: 40.00 USD; asked for: 51.75 USD."),
            ("60", "USD", "More arrived than was asked for."),
            ("51.75", "EUR", "It came in another currency than asked for. Received: 51.75 EUR"),
        ],
    )
    def test_a_review_says_what_differs_and_that_nothing_is_lost(self, client, owner, card, received, currency, said):
        top_up = begun(owner)
        settle(top_up, truth_of(top_up, received, currency=currency))

        text = words(page_of(client, top_up))

        assert "Our staff are looking at this payment" in text
        assert said in text
        assert "Nothing is lost" in text

    def test_an_expired_one_leads_to_paying_again(self, client, owner, card):
        top_up = moved_to(begun(owner), TopUp.State.EXPIRED)

        page = page_of(client, top_up)

        assert "This payment has expired" in words(page)
        assert f'href="{ADD}?amount=50.00&amp;gateway=stripe"' in page.content.decode()

    def test_a_rejected_one_gives_the_reason_of_staff(self, client, owner, by_hand):
        top_up = begun(owner, gateway="manual")
        payments.reject(
            staff=staff_with("can_confirm_top_up"),
            top_up_id=top_up.pk,
            reason="Sent by a stranger.",
            now=timezone.now(),
        )

        assert "Their reason: Sent by a stranger." in words(page_of(client, top_up))

    def test_one_that_was_taken_back_says_how_much(self, client, owner, card):
        top_up = begun(owner)
        settle(top_up, truth_of(top_up))
        settle(top_up, truth_of(top_up, refunded="20"))
        partly = words(page_of(client, top_up))
        settle(top_up, truth_of(top_up, refunded="51.75"))

        assert "Paid, and partly taken back $20.00 of it went back to the payer, so that $30.00 stayed" in partly
        assert "This payment was taken back $50.00 went back to the payer and left your wallet" in words(
            page_of(client, top_up)
        )

    def test_one_that_went_back_before_it_came_says_so(self, client, owner, card):
        top_up = begun(owner)
        settle(top_up, truth_of(top_up, refunded=top_up.total))

        assert "before it reached your wallet, so nothing was added" in words(page_of(client, top_up))

    def test_no_address_but_an_encrypted_one_becomes_a_link(self, client, owner, card):
        top_up = moved_to(begun(owner), TopUp.State.PENDING, pay_url="http://pay.example/1")

        page = page_of(client, top_up)

        assert "http://pay.example/1" not in page.content.decode()
        assert "gave no page for it" in words(page)

    def test_it_costs_as_many_queries_in_every_state(self, client, owner, card, django_assert_max_num_queries):
        top_up = begun(owner)

        with django_assert_max_num_queries(5):
            page_of(client, top_up)
        settle(top_up, truth_of(top_up))
        with django_assert_max_num_queries(5):
            page_of(client, top_up)

    def test_the_list_of_the_latest_leads_to_each(self, client, owner, card):
        top_ups = [begun(owner) for _ in range(12)]
        begun(CustomerFactory())

        page = client.get(ADD).content.decode()

        shown = re.findall(r'href="/wallet/top-ups/([^"]+)"', page)
        assert shown == [top_up.reference for top_up in reversed(top_ups)][:10]

    def test_the_statement_leads_there_too(self, client, owner, card):
        top_up = begun(owner)
        settle(top_up, truth_of(top_up))

        assert f'href="/wallet/top-ups/{top_up.reference}"' in client.get("/wallet/").content.decode()


class TestMissing:
    URL = "/wallet/missing"

    @pytest.fixture(autouse=True)
    def fresh_limits(self):
        cache.clear()

    def look(self, client, reference):
        return words(client.post(self.URL, {"reference": reference}))

    def test_it_is_found_by_our_reference_however_it_is_typed_and_asked_about_again(self, client, owner, card):
        top_up = begun(owner)
        TopUp.objects.update(check_at=timezone.now() + timedelta(hours=5))

        text = self.look(client, f"  {top_up.reference.lower().replace('-', ' ')} ")

        assert "We are asking the payment company right now" in text
        top_up.refresh_from_db()
        assert top_up.check_at <= timezone.now()

    def test_it_is_found_by_the_number_of_the_payment_company(self, client, owner, card):
        top_up = begun(owner)

        assert top_up.reference in self.look(client, top_up.payment_id)

    def test_the_gateway_is_asked_a_few_times_an_hour_at_most(self, client, owner, card):
        top_up = begun(owner)
        for _ in range(10):
            self.look(client, top_up.reference)

        assert "was asked a moment ago" in self.look(client, top_up.reference)

    def test_one_that_has_arrived_says_when(self, client, owner, card):
        top_up = begun(owner)
        settle(top_up, truth_of(top_up))

        assert "has arrived and was added to your wallet on" in self.look(client, top_up.reference)

    def test_a_bank_transfer_says_how_long_it_takes(self, client, owner, by_hand):
        assert "have not seen it on the bank's statement yet" in self.look(
            client, begun(owner, gateway="manual").reference
        )

    @pytest.mark.parametrize("reference", ["TU-AAAA-BBBB-CCCC", "x" * 150, "'; --"])
    def test_an_unknown_one_says_what_to_do(self, client, owner, reference, settings):
        text = self.look(client, reference)

        assert "No payment of yours has this reference" in text
        assert f"write to {settings.SUPPORT_EMAIL} from {owner.email}" in text

    def test_that_of_another_is_unknown(self, client, owner, card):
        top_up = begun(CustomerFactory())

        assert "No payment of yours" in self.look(client, top_up.reference)
        assert not Event.objects.filter(user=owner).exclude(kind="review_ended").exists()

    def test_an_empty_one_is_asked_for(self, client, owner):
        page = client.post(self.URL, {"reference": " "})

        assert page.status_code == 422
        assert "required" in page.context["form"].errors["reference"][0]
