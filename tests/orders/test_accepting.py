"""Accepting policies on the order form and by key: what is asked, what is new in it, when it changes (R7, D47)."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import policies.operations as policies
from accounts import keys
from accounts.models import ApiKey, User
from orders.models import Order
from orders.operations import placing
from orders.reading import agreements, habits
from policies.models import Acceptance, Policy, PolicyVersion
from tests.factories import NOON, CustomerFactory, OrderFactory, ServiceFactory, token_of
from tests.orders.buyer import LINK, PLACE, Buyer
from tests.policy_versions import publish_next

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def buyer() -> Buyer:
    return Buyer()


def refund_policy() -> PolicyVersion:
    return policies.in_force(slug="refund", now=timezone.now())


class TestForm:
    def test_three_lines_say_what_each_version_is_about(self, buyer: Buyer):
        page = buyer.browser.get(PLACE, {"service": ServiceFactory().pk})

        asked = page.context["to_accept"]
        assert [len(each.summary) for each in asked] == [3] * len(asked)
        assert all(line in page.content.decode() for each in asked for line in each.summary)
        assert all(each.changes is None for each in asked)  # nothing was accepted before

    def test_the_box_is_never_ticked_beforehand(self, buyer: Buyer):
        page = buyer.browser.get(PLACE, {"service": ServiceFactory().pk}).content.decode()

        assert "checked" not in page.split('name="accept"', 1)[1].split(">", 1)[0]

    def test_that_no_result_is_sold_is_part_of_what_is_accepted(self, buyer: Buyer):
        """R55: beside the box, and in the text whose checksum the acceptance keeps (refund.12.1)."""
        form = buyer.form(ServiceFactory())
        page = buyer.browser.get(PLACE, {"service": form["service"]}).content.decode()
        buyer.place(form, quantity="100")

        assert "results such as engagement or sales are not part of it" in page.split('for="id_accept"', 1)[1]
        accepted = Acceptance.objects.get(user=buyer.user, version__policy__slug="refund")
        assert accepted.checksum_shown == policies.checksum_of(accepted.version)
        assert "no particular result is sold" in accepted.version.clauses.get(ref="refund.12.1").text

    def test_a_new_version_says_what_changed_since_the_last_acceptance(self, buyer: Buyer):
        service = ServiceFactory()
        buyer.place(buyer.form(service), quantity="100")
        publish_next(refund_policy(), at=timezone.now(), fail_after_h=48)

        page = buyer.browser.get(PLACE, {"service": service.pk})

        [asked] = page.context["to_accept"]
        assert [each.ref for each in asked.changes.clauses] == ["refund.6.3"]
        for said in ("<del>72</del>", "<ins>48</ins>", "since version 1, which you accepted"):
            assert said in page.content.decode()

    def test_any_number_of_documents_may_be_required(self, buyer: Buyer):
        third = Policy.objects.create(slug="extra", title="Extra terms", required_to_order=True)
        version = third.versions.create(number=1, summary="One.\nTwo.\nThree.")
        version.clauses.create(ref="refund.1.1", position=1, heading="H", text="T.")
        version.status, version.checksum = "published", policies.checksum_of(version)
        version.published_at = version.effective_from = timezone.now()
        version.published_by = "system"
        version.save()
        service = ServiceFactory()

        form = buyer.form(service)
        buyer.place(form, quantity="100")

        assert version.pk in Acceptance.objects.filter(user=buyer.user).values_list("version_id", flat=True)
        assert len(buyer.orders) == 1

    def test_nothing_is_asked_where_all_is_accepted(self, buyer: Buyer, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert agreements.to_accept(user_id=buyer.user.pk, versions=()) == ()

    def test_what_is_new_costs_one_query_and_two_for_each_version_that_follows_another(
        self, buyer: Buyer, django_assert_num_queries
    ):
        known = policies.required_versions(now=timezone.now())
        policies.accept(
            user_id=buyer.user.pk,
            checksums={version.pk: version.checksum for version in known},
            context="order",
            now=timezone.now(),
        )
        following = [publish_next(version, at=timezone.now()) for version in known]

        with django_assert_num_queries(1 + 2 * len(following)):
            asked = agreements.to_accept(user_id=buyer.user.pk, versions=following)

        assert [each.accepted_before for each in asked] == [True] * len(following)


class TestAgreed:
    """What the form says of versions that need no tick: by what they are accepted."""

    def lines(self, buyer: Buyer) -> str:
        return buyer.browser.get(PLACE, {"service": ServiceFactory().pk}).content.decode()

    def accept(self, buyer: Buyer, *, standing: bool) -> str:
        shown = {version.pk: version.checksum for version in policies.required_versions(now=timezone.now())}
        policies.accept(user_id=buyer.user.pk, checksums=shown, context="api", standing=standing, now=timezone.now())
        return f"{timezone.now():%-d %B %Y}"

    def test_a_version_that_was_accepted_says_when(self, buyer: Buyer):
        today = self.accept(buyer, standing=False)

        assert f"(version 1)</a>: accepted on {today}." in self.lines(buyer)

    def test_a_version_accepted_with_a_key_and_again_by_hand_says_when_first(self, buyer: Buyer):
        first = self.accept(buyer, standing=True)
        with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
            self.accept(buyer, standing=False)

            assert f"(version 1)</a>: accepted on {first}." in self.lines(buyer)

    def test_it_takes_one_query(self, buyer: Buyer, django_assert_num_queries):
        self.accept(buyer, standing=True)
        versions = policies.required_versions(now=timezone.now())

        with django_assert_num_queries(1):
            habits.agreed(user_id=buyer.user.pk, versions=versions)


class TestSwitch:
    """D47, D48: a version that takes effect between page and click."""

    @pytest.mark.parametrize(("after", "status"), [(-SECOND, 302), (0 * SECOND, 409), (SECOND, 409)])
    @pytest.mark.parametrize("known", [True, False])
    def test_at_its_very_instant_the_click_asks_again(self, buyer: Buyer, after, status: int, known: bool):
        service = ServiceFactory()
        if known:
            OrderFactory(user=buyer.user, service=service)
        switch = timezone.now().replace(microsecond=0) + timedelta(minutes=5)
        with time_machine.travel(switch - 60 * SECOND, tick=False):
            form = buyer.look({**buyer.form(service), "quantity": "777"})
            publish_next(refund_policy(), at=switch, fail_after_h=48)
        before = len(buyer.orders)

        with time_machine.travel(switch + after, tick=False):
            answer = buyer.place(form)

        assert answer.status_code == status
        assert len(buyer.orders) - before == (status == 302)

    def test_the_page_shows_the_difference_keeps_the_input_and_then_takes_the_order(self, buyer: Buyer):
        service = ServiceFactory(rate=Decimal("1.5"))
        form = buyer.look({**buyer.form(service), "quantity": "777"})
        second = publish_next(refund_policy(), at=timezone.now(), fail_after_h=48)

        answer = buyer.place(form)

        text = answer.content.decode()
        assert (answer.status_code, buyer.orders, buyer.balance) == (409, [], Decimal(10))
        for said in ("have just changed", "<del>72</del>", "<ins>48</ins>", f'value="{LINK}"', 'value="777"'):
            assert said in text
        assert "which you accepted" not in text  # it was shown, and its order never came to be
        assert "checked" not in text.split('name="accept"', 1)[1].split(">", 1)[0]
        assert not Acceptance.objects.exists()

        versions = [f"{version.pk}:{version.checksum}" for version in answer.context["draft"].quoted.versions]
        token = answer.context["draft"].shown.token
        assert buyer.place({**form, "version": versions, "quote": token}).status_code == 302
        assert [order.refund_policy_id for order in buyer.orders] == [second.pk]

    def test_only_what_changed_is_said_to_have_changed(self, buyer: Buyer):
        form = {**buyer.form(ServiceFactory()), "quantity": "777"}
        publish_next(refund_policy(), at=timezone.now())

        answer = buyer.place(form)

        assert [version.policy.slug for version in answer.context["policies_changed"]] == ["refund"]
        banner = answer.content.decode().split("have just changed", 1)[1].split("Nothing was charged", 1)[0]
        assert "Refund and cancellation policy is now version 2" in banner
        assert banner.count("is now version") == 1

    def test_another_text_than_the_one_in_force_asks_again(self, buyer: Buyer):
        form = {**buyer.form(ServiceFactory()), "quantity": "777"}
        altered = [f"{text.partition(':')[0]}:another text" for text in form["version"]]

        answer = buyer.place(form, version=altered)

        assert (answer.status_code, buyer.orders) == (409, [])

    def test_without_the_tick_nothing_is_ordered_and_the_input_stays(self, buyer: Buyer):
        """D47."""
        form = {**buyer.form(ServiceFactory()), "quantity": "777"}

        answer = buyer.place(form, accept="")

        assert (answer.status_code, buyer.orders, buyer.balance) == (422, [], Decimal(10))
        assert 'value="777"' in answer.content.decode()


class TestStanding:
    """terms.6.2, decision 25: what a key's owner accepted covers orders by key; the browser asks for what is new."""

    SWITCH = NOON + timedelta(days=1)

    @pytest.fixture
    def shown(self) -> dict[int, str]:
        """The versions in force, and one of the refund policy that follows a day later."""
        policies.seed(now=NOON)
        versions = policies.required_versions(now=NOON)
        publish_next(policies.in_force(slug="refund", now=NOON), at=self.SWITCH, fail_after_h=48)
        return {version.pk: version.checksum for version in versions}

    def customer(self, shown: dict[int, str], *, standing: bool = True, made: int = 1) -> tuple[User, list[ApiKey]]:
        user = CustomerFactory(funds=Decimal(10))
        policies.accept(user_id=user.pk, checksums=shown, context="api", standing=standing, now=NOON)
        return user, [keys.create_key(user_id=user.pk, label="", now=NOON)[0] for _ in range(made)]

    def place(self, user: User, *, at: datetime, channel: Order.Channel = Order.Channel.API_V2) -> Order:
        request = placing.Request(ServiceFactory().pk, LINK, 1000)
        by_form = channel is Order.Channel.WEB
        placed = placing.place_order(
            user_id=user.pk,
            request=request,
            request_key=None,
            channel=channel,
            quote=token_of(user_id=user.pk, request=request, now=at) if by_form else None,
            now=at,
        )
        return Order.objects.get(pk=placed.order_id)

    @pytest.mark.parametrize(("after", "number"), [(-SECOND, 1), (0 * SECOND, 2), (SECOND, 2)])
    def test_it_takes_orders_by_key_across_a_switch(self, shown, after, number: int):
        """The order is governed by what is in force at its instant."""
        user, _ = self.customer(shown)

        assert self.place(user, at=self.SWITCH + after).refund_policy.number == number

    @pytest.mark.parametrize(("after", "number"), [(-SECOND, 1), (0 * SECOND, None), (SECOND, None)])
    @pytest.mark.parametrize(
        ("standing", "revoked", "channel"),
        [
            (False, 0, Order.Channel.API_V2),
            (True, 2, Order.Channel.API_V2),  # a call that came in with a key just before it was revoked
            (True, 0, Order.Channel.WEB),
            (True, 2, Order.Channel.WEB),
        ],
    )
    def test_whoever_it_does_not_cover_is_asked_from_that_instant(
        self, shown, after, number: int | None, standing: bool, revoked: int, channel
    ):
        user, made = self.customer(shown, standing=standing, made=2)
        for key in made[:revoked]:
            keys.revoke(user_id=user.pk, key_id=key.pk, now=NOON)

        if number is None:
            with pytest.raises(placing.Refused, match="policies_not_accepted"):
                self.place(user, at=self.SWITCH + after, channel=channel)
            return
        assert self.place(user, at=self.SWITCH + after, channel=channel).refund_policy.number == number

    def test_one_of_two_keys_revoked_leaves_orders_by_the_other(self, shown):
        user, (first, _) = self.customer(shown, made=2)
        keys.revoke(user_id=user.pk, key_id=first.pk, now=NOON)

        assert self.place(user, at=self.SWITCH).refund_policy.number == 2

    def test_it_costs_an_order_no_query_more(self, shown):
        """The same count as for who accepted the very version."""
        by_key, _ = self.customer(shown)
        itself, _ = self.customer(shown, standing=False)
        now_in_force = {version.pk: version.checksum for version in policies.required_versions(now=self.SWITCH)}
        policies.accept(user_id=itself.pk, checksums=now_in_force, context="order", now=self.SWITCH)
        counts = []
        for user in (by_key, itself):
            self.place(user, at=self.SWITCH)
            with CaptureQueriesContext(connection) as queries:
                self.place(user, at=self.SWITCH)
            counts.append(len(queries))

        assert counts[0] == counts[1]

    @pytest.mark.parametrize("revoked", [False, True])
    def test_the_form_asks_for_a_later_version_and_shows_what_changed(self, buyer: Buyer, revoked: bool):
        """A key spares a program the tick, not a person the reading."""
        shown = {version.pk: version.checksum for version in policies.required_versions(now=timezone.now())}
        policies.accept(user_id=buyer.user.pk, checksums=shown, context="api", standing=True, now=timezone.now())
        key, _ = keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
        if revoked:
            keys.revoke(user_id=buyer.user.pk, key_id=key.pk, now=timezone.now())
        service = ServiceFactory()
        second = publish_next(refund_policy(), at=timezone.now(), fail_after_h=48)

        page = buyer.browser.get(PLACE, {"service": service.pk}).content.decode()
        for said in ('name="accept"', "<del>72</del>", "<ins>48</ins>", "since version 1, which you accepted"):
            assert said in page
        form = buyer.form(service)
        assert (buyer.place(form, quantity="100", accept="").status_code, buyer.orders) == (422, [])

        assert buyer.place(form, quantity="100").status_code == 302
        assert [order.refund_policy_id for order in buyer.orders] == [second.pk]
        assert Acceptance.objects.get(user=buyer.user, version=second).standing is False

    def test_one_that_takes_effect_between_page_and_click_is_shown_first(self, buyer: Buyer):
        """D48, with a key as without."""
        shown = {version.pk: version.checksum for version in policies.required_versions(now=timezone.now())}
        policies.accept(user_id=buyer.user.pk, checksums=shown, context="api", standing=True, now=timezone.now())
        keys.create_key(user_id=buyer.user.pk, label="", now=timezone.now())
        form = buyer.look({**buyer.form(ServiceFactory()), "quantity": "777"})
        publish_next(refund_policy(), at=timezone.now(), fail_after_h=48)

        answer = buyer.place(form, accept="")

        assert (answer.status_code, buyer.orders, buyer.balance) == (409, [], Decimal(10))
        for said in ("have just changed", "<del>72</del>", "<ins>48</ins>", 'value="777"'):
            assert said in answer.content.decode()
