"""Orders' pages in the admin: found by an index, read in a fixed number of queries, acted on with a reason."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse

import wallet.operations as wallet
from orders.admin.orders import OrderAdmin
from orders.models import Flag, Order, OrderEvent, Run
from policies.models import Decision
from tests.factories import NOON

ORDERS = reverse("admin:orders_order_changelist")


def page_of(order):
    return reverse("admin:orders_order_change", args=[order.pk])


def act(name, run):
    return reverse(f"admin:orders_order_run_{name}", args=[run.pk])


def decide(client, name, run, **values):
    """Open the act's page and send its form, as a person does."""
    seen = client.get(act(name, run)).context["form"].initial
    return client.post(act(name, run), {**seen, **values}, follow=True)


def found(client, term):
    return list(client.get(ORDERS, {"q": term}).context["cl"].result_list)


@pytest.fixture
def unknown(forgetful):
    """An order whose one run was sent to a provider without request ids, which hung up without a word."""
    order = forgetful.order(sim="drop")
    forgetful.send()
    assert forgetful.run(order).state == "unknown"
    return order


class TestFinding:
    def test_an_order_is_found_by_number_provider_number_address_and_link(self, client, staff, upstream):
        staff("support")
        wanted, _ = (
            upstream.order(link="https://www.instagram.com/p/abc/?igsh=1"),
            upstream.order(link="instagram.com/p/x"),
        )
        upstream.send()

        assert found(client, str(wanted.pk)) == [wanted]
        assert found(client, str(upstream.run(wanted).provider_order_id)) == [wanted]
        assert len(found(client, wanted.user.email.upper())) == 2
        assert found(client, "http://instagram.com/p/abc") == [wanted]
        for nothing in ("nobody@example.test", "instagram.com/p/other", "http://[", "99999999999999999999"):
            assert found(client, nothing) == []

    def test_every_search_is_a_look_up_and_never_a_scan(self, client, staff, rf, upstream):
        """EXPLAIN with sequential scans made expensive: what still scans has no index to use."""
        staff("support")
        order = upstream.order(link="instagram.com/p/abc")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        request = rf.get("/")
        for term in ("10000", order.user.email, "instagram.com/p/abc"):
            rows, _ = OrderAdmin(Order, None).get_search_results(request, Order.objects.all(), term)
            assert "Seq Scan" not in rows.explain(), term
        runs = Run.objects.filter(provider_id__in=[upstream.provider.pk], provider_order_id=5)
        assert "Seq Scan" not in runs.explain()

    def test_a_search_by_part_of_a_link_would_have_scanned(self, upstream):
        """The control for the test above."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")

        assert "Seq Scan" in Order.objects.filter(link__icontains="abc").explain()

    def test_the_page_says_what_can_be_searched_for(self, client, staff, upstream):
        staff("support")

        assert "a provider&#x27;s order number" in client.get(ORDERS).content.decode()


class TestTheList:
    def test_a_row_says_how_much_is_delivered_and_what_was_paid_back(self, client, staff, upstream):
        staff("finance")
        ended = upstream.order(sim="partial:0.4")
        upstream.send()
        ended = upstream.ended(ended)

        page = client.get(ORDERS).content.decode()

        assert "400 of 1,000" in page
        assert '<span class="badge badge-partial">' in page
        assert "$0.90" in page
        assert ended.refunded == Decimal("0.90")

    def test_ten_times_the_rows_cost_no_more_queries(self, client, staff, upstream, queries_of):
        staff("owner")
        for _ in range(4):
            upstream.order()
        upstream.send()
        few = queries_of(ORDERS)
        for _ in range(36):
            upstream.order()

        assert len(client.get(ORDERS).context["cl"].result_list) == 40
        assert queries_of(ORDERS) == few

    def test_only_orders_with_an_open_flag_need_a_person(self, client, staff, forgetful, unknown):
        staff("support")
        forgetful.order()

        shown = client.get(ORDERS, {"flagged": "1"}).context["cl"].result_list

        assert list(shown) == [unknown]
        assert "needs a person</span>" in client.get(ORDERS).content.decode()


class TestAnOrdersPage:
    def test_it_tells_the_whole_story_of_an_order_that_ended_short(self, client, staff, upstream):
        staff("support")
        order = upstream.order(sim="partial:0.4")
        upstream.send()
        order = upstream.ended(order)
        decision = Decision.objects.get()

        page = client.get(page_of(order)).content.decode()

        assert "Taken by the provider." in page
        assert "Ended in part: 400 of 1,000 delivered, $0.90 paid back." in page
        assert f"order:{order.pk}:provider_ended" in page
        assert reverse("admin:policies_decision_change", args=[decision.pk]) in page
        assert "refund.7.3" in page
        assert str(upstream.run(order).provider_order_id) in page
        assert 'id="chart-data"' in page
        assert str(upstream.run(order).request_id) in page

    def test_what_a_provider_answered_is_shown_as_text(self, client, staff, forgetful, unknown):
        staff("support")
        attempt = forgetful.run(unknown).attempts.get()
        attempt.detail = "<script>alert(1)</script>"
        attempt.save(update_fields=["detail"])

        page = client.get(page_of(unknown)).content.decode()

        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "<script>alert" not in page

    def test_a_long_life_costs_no_more_queries_than_a_short_one(self, client, staff, upstream, queries_of):
        staff("support")
        order = upstream.order()
        upstream.send()
        few = queries_of(page_of(order))
        for minute in range(20):
            at = NOON + timedelta(minutes=minute)
            OrderEvent.objects.create(order=order, kind="resent", actor="staff:1", public=False, at=at)
            order.runs.create(
                number=minute + 2, quantity=1, provider=upstream.provider, provider_service="1", due_at=None
            )

        assert queries_of(page_of(order)) == few

    @pytest.mark.parametrize("group", ["owner", "support", "finance"])
    def test_nobody_adds_changes_or_deletes_orders_or_flags(self, client, staff, unknown, group):
        staff(group)
        flag = unknown.flags.get()

        for name, row in (("order", unknown), ("flag", flag)):
            assert client.get(reverse(f"admin:orders_{name}_add")).status_code == 403
            assert (
                client.post(reverse(f"admin:orders_{name}_change", args=[row.pk]), {"status": "x"}).status_code == 403
            )
            assert (
                client.post(reverse(f"admin:orders_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
            )
            assert client.get(reverse(f"admin:orders_{name}_change", args=[row.pk])).status_code == 200
            assert client.get(reverse(f"admin:orders_{name}_history", args=[row.pk])).status_code == 200

    def test_customers_do_not_get_in(self, client, staff, upstream):
        order = upstream.order()
        client.force_login(order.user)

        assert client.get(page_of(order)).status_code in (302, 403)
        assert client.get(ORDERS).status_code in (302, 403)


class TestDecidingAboutAnUnknownRun:
    def test_linking_follows_it_at_the_provider_and_the_flag_closes(self, client, staff, forgetful, unknown):
        support, run = staff("support"), forgetful.run(unknown)

        answer = decide(client, "link", run, provider_order_id=4711, reason="Their list, 12:03")

        page = answer.content.decode()
        assert "is followed at" in page
        run.refresh_from_db()
        assert (run.state, run.provider_order_id) == ("live", 4711)
        assert not Flag.objects.filter(resolved_at=None).exists()
        assert Flag.objects.get().resolved_by == f"staff:{support.pk}"
        assert "was found at the provider as number 4711. Their list, 12:03" in page
        assert f"staff {support.email}, seen by staff only" in page
        assert "Their list" not in client.get(reverse("orders:detail", args=[unknown.pk])).content.decode()
        assert LogEntry.objects.filter(object_id=str(run.pk), user=support).exists()

    def test_a_number_that_another_run_has_is_refused_and_changes_nothing(self, client, staff, forgetful, unknown):
        staff("support")
        other = forgetful.order()
        forgetful.send()
        taken = forgetful.run(other).provider_order_id

        page = decide(client, "link", forgetful.run(unknown), provider_order_id=taken, reason="Looks like it")

        assert "belongs to another run" in page.content.decode()
        assert forgetful.run(unknown).state == "unknown"

    def test_sending_again_warns_where_nobody_keeps_request_ids_and_keeps_the_id(
        self, client, staff, forgetful, unknown
    ):
        staff("support")
        run = forgetful.run(unknown)

        shown = client.get(act("resend", run)).content.decode()
        decide(client, "resend", run, reason="Not in their list")

        assert "keeps no request ids" in shown
        assert str(run.request_id) in shown
        again = forgetful.run(unknown)
        assert (again.state, again.request_id) == ("queued", run.request_id)

    def test_giving_up_says_what_goes_back_and_pays_exactly_that(self, client, staff, forgetful, unknown):
        """Decision 17: a run that every route refused pays back the undelivered part (refund.6.3)."""
        support, before = staff("support"), wallet.balance_of(unknown.user_id)

        shown = client.get(act("refund", forgetful.run(unknown))).content.decode()
        decide(client, "refund", forgetful.run(unknown), reason="Their support says no")

        assert "$1.50 of $1.50 goes back" in shown
        assert wallet.balance_of(unknown.user_id) - before == Decimal("1.50")
        assert forgetful.fresh(unknown).status == "failed"
        assert Decision.objects.get().actor == f"staff:{support.pk}"

    @pytest.mark.parametrize("name", ["link", "resend", "refund"])
    def test_each_needs_a_reason(self, client, staff, forgetful, unknown, name):
        staff("support")

        answer = client.post(act(name, forgetful.run(unknown)), {"provider_order_id": 4711, "reason": " "})

        assert "reason" in answer.context["form"].errors
        assert forgetful.run(unknown).state == "unknown"

    def test_each_is_for_those_alone_who_may_handle_orders(self, client, staff, forgetful, unknown):
        staff("finance")

        for name in ("link", "resend", "refund"):
            assert client.get(act(name, forgetful.run(unknown))).status_code == 403
            assert client.post(act(name, forgetful.run(unknown)), {"reason": "Because"}).status_code == 403
        assert "Give it up" not in client.get(page_of(unknown)).content.decode()

    def test_whoever_comes_second_is_told_so(self, client, staff, forgetful, unknown):
        staff("support")
        run = forgetful.run(unknown)
        decide(client, "resend", run, reason="Not in their list")

        page = client.post(act("refund", run), {"reason": "Their support says no"}).content.decode()

        assert "no longer possible" in page
        assert forgetful.fresh(unknown).refunded == 0
