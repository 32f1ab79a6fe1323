"""What every adapter promises its callers, checked against whoever speaks on the other side.

A test class that inherits `AdapterContract` and gives the fixture `provider` an adapter shows that it keeps them.
"""

import uuid

from orders.providers.base import AddRequest, Balance, Catalogue, Failed, Found, NotFound, Provider
from orders.providers.classify import classify
from policies.rules.vocabulary import Submission


def request_for(service: str, **changes) -> AddRequest:
    stated = {
        "provider_service": service,
        "link": f"https://example.com/{uuid.uuid4()}",
        "quantity": 1000,
        "request_id": str(uuid.uuid4()),
    }
    return AddRequest(**{**stated, **changes})


def default_service(provider: Provider) -> str:
    listed = provider.services()
    assert isinstance(listed, Catalogue)
    return next(s.provider_service for s in listed.services if s.type == "Default" and s.min <= 1000 <= s.max)


class AdapterContract:
    """Promises of an adapter to a provider that has request ids and answers properly."""

    def test_what_is_sold_comes_with_rates_and_bounds(self, provider):
        listed = provider.services()
        assert listed.services
        assert not listed.unreadable
        assert all(s.provider_service and s.name and s.rate >= 0 and 0 <= s.min <= s.max for s in listed.services)

    def test_an_accepted_submission_has_an_id_that_can_be_asked_about(self, provider):
        result = classify(provider.add(request_for(default_service(provider))))
        assert result.submission is Submission.ACCEPTED
        said = provider.statuses([result.provider_order_id])
        assert "status" in said.reports[result.provider_order_id]
        assert said.failed == frozenset()

    def test_a_refused_submission_has_a_reason_and_no_id(self, provider):
        result = classify(provider.add(request_for(default_service(provider), quantity=10**9)))
        assert (result.submission, result.provider_order_id) == (Submission.REJECTED, None)

    def test_the_same_request_id_and_content_is_the_same_order(self, provider):
        request = request_for(default_service(provider))
        first, second = classify(provider.add(request)), classify(provider.add(request))
        assert first.provider_order_id == second.provider_order_id is not None

    def test_the_same_request_id_with_other_content_is_never_accepted(self, provider):
        service = default_service(provider)
        request = request_for(service)
        provider.add(request)
        changed = request_for(service, request_id=request.request_id, link=request.link, quantity=2000)
        assert classify(provider.add(changed)).submission is Submission.UNMAPPED

    def test_a_submission_is_found_by_its_request_id(self, provider):
        request = request_for(default_service(provider))
        accepted = classify(provider.add(request))
        found = provider.find(request.request_id)
        assert isinstance(found, Found)
        assert found.provider_order_id == accepted.provider_order_id
        assert "status" in found.report

    def test_a_request_id_that_never_arrived_is_not_found(self, provider):
        assert provider.find(str(uuid.uuid4())) == NotFound()

    def test_the_balance_says_what_is_left_and_that_request_ids_are_kept(self, provider):
        before = provider.balance()
        provider.add(request_for(default_service(provider)))
        after = provider.balance()
        assert isinstance(before, Balance)
        assert before.request_ids
        assert not isinstance(after, Failed)
        assert after.amount < before.amount

    def test_an_order_of_nobody_is_reported_as_an_error_and_not_as_a_failure(self, provider):
        said = provider.statuses([2**62])
        assert "status" not in said.reports.get(2**62, {})
        assert said.failed == frozenset()

    def test_a_cancel_is_accepted_once_or_declined_with_words(self, provider):
        service = next(s for s in provider.services().services if s.cancel and s.type == "Default" and s.min <= 1000)
        order = classify(provider.add(request_for(service.provider_service))).provider_order_id
        first, second = provider.cancel([order, 2**62]), provider.cancel([order])
        assert (first.accepted, set(first.declined)) == ({order}, {2**62})
        assert (second.accepted, second.declined[order] != "") == (frozenset(), True)

    def test_a_refill_of_what_has_not_ended_is_declined_with_words(self, provider):
        service = next(s for s in provider.services().services if s.refill and s.type == "Default" and s.min <= 1000)
        order = classify(provider.add(request_for(service.provider_service))).provider_order_id
        said = provider.refill([order, 2**62])
        assert (dict(said.taken), set(said.declined)) == ({}, {order, 2**62})
        assert provider.refill_words([2**62]) == {}

    def test_nothing_asked_is_nothing_said(self, provider):
        said = provider.statuses([])
        assert (dict(said.reports), said.failed, said.problem) == ({}, frozenset(), "")
