"""A provider that begins to keep request ids knows nothing of what it was sent before (decision 13)."""

from orders.delivery import reconcile
from orders.models import Attempt, Provider, Run


def test_a_submission_without_an_id_is_not_asked_about_by_id(forgetful, with_request_ids, settings):
    """It would say "never seen" of an order that it has, and the order would be sent twice."""
    order = forgetful.order(sim="drop")
    forgetful.send()
    assert forgetful.accepted(order) == 1
    Run.objects.filter(order=order).update(lease_until="2020-01-01T00:00Z")
    settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, f"127.0.0.1:{with_request_ids.port}"]
    url = f"http://127.0.0.1:{with_request_ids.port}/api/v2"
    Provider.objects.update(request_ids=True, api_url=url)

    assert reconcile.ask_unknowns(provider_id=forgetful.provider.pk, now=forgetful.now) == 0
    assert forgetful.fresh(order).status == "unknown"

    # Negative control: had it carried the id, the same "never seen" would allow sending again.
    Attempt.objects.update(with_request_id=True)
    assert reconcile.ask_unknowns(provider_id=forgetful.provider.pk, now=forgetful.now) == 1
    assert forgetful.fresh(order).status == "queued"
