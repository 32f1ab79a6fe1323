"""Every answer to a submission means one thing, and resending is decided here alone (reliability section 2)."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.providers.classify import Classified, classify
from plumbing.outbound import Answered, NotSent, Problem, Unanswered
from policies.rules.vocabulary import Submission

S = Submission
BEFORE_SENDING = {Problem.GUARD, Problem.DNS, Problem.REFUSED, Problem.CONNECT_TIMEOUT, Problem.TLS}
LARGEST = 2**63 - 1


def answered(said, status=200, **headers):
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Answered(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def error(text, **more):
    return answered({"error": text, **more})


@pytest.mark.parametrize("problem", sorted(BEFORE_SENDING))
def test_what_never_left_is_not_sent(problem):
    assert classify(NotSent(problem)) == Classified(S.NOT_SENT, problem.value)


@pytest.mark.parametrize("problem", sorted(set(Problem) - BEFORE_SENDING))
def test_what_left_without_a_usable_answer_is_unknown(problem):
    assert classify(Unanswered(problem)) == Classified(S.UNKNOWN, problem.value)


@pytest.mark.parametrize("order", [1, 23501, "23501", LARGEST, str(LARGEST)])
def test_a_proper_id_is_an_acceptance(order):
    result = classify(answered({"order": order}))
    assert (result.submission, result.provider_order_id) == (S.ACCEPTED, int(order))


@pytest.mark.parametrize("empty", [None, "", False, 0])
def test_an_empty_error_beside_an_id_is_still_an_acceptance(empty):
    assert classify(answered({"order": 5, "error": empty})).submission is S.ACCEPTED


@pytest.mark.parametrize(
    "order",
    [
        0,
        -1,
        LARGEST + 1,
        "9" * 20,
        1.5,
        23501.0,
        True,
        None,
        "",
        "0",
        "abc",
        "1_0",
        "+5",
        "-5",
        "0x10",
        "٣",
        " ",
        [5],
        {"id": 5},
    ],
)
def test_an_id_that_is_no_integer_of_ours_is_unknown(order):
    result = classify(answered({"order": order}))
    assert (result.submission, result.reason, result.provider_order_id) == (S.UNKNOWN, "improper_order_id", None)


TEXTS = [
    ("Not enough funds on balance", S.PROVIDER_CLOSED, "funds"),
    ("neworder.error.not_enough_funds", S.PROVIDER_CLOSED, "funds"),
    ("Insufficient balance", S.PROVIDER_CLOSED, "funds"),
    ("Invalid API key", S.PROVIDER_CLOSED, "key"),
    ("API key is incorrect", S.PROVIDER_CLOSED, "key"),
    ("Your account has been suspended.", S.PROVIDER_CLOSED, "account"),
    ("Your account is inactive", S.PROVIDER_CLOSED, "account"),
    (
        "You have active order with this link. Please wait until order being completed.",
        S.NOT_ACCEPTED,
        "link_busy",
    ),
    ("neworder.error.link_duplicate", S.NOT_ACCEPTED, "link_busy"),
    ("Too many requests", S.NOT_ACCEPTED, "too_many_requests"),
    ("Quantity less than minimal 50", S.REJECTED, "quantity"),
    ("Quantity more than maximum 10000", S.REJECTED, "quantity"),
    ("neworder.error.min_quantity", S.REJECTED, "quantity"),
    ("neworder.error.max_quantity", S.REJECTED, "quantity"),
    ("Bad link", S.REJECTED, "link"),
    ("  BAD   LINK. ", S.REJECTED, "link"),
    ("neworder.error.link", S.REJECTED, "link"),
    ("Incorrect service ID", S.REJECTED, "service"),
    ("error.incorrect_service_id", S.REJECTED, "service"),
    ("neworder.error.incorrect_service_id", S.REJECTED, "service"),
    ("neworder.error.comment", S.REJECTED, "comments"),
    ("Incorrect request", S.UNMAPPED, "unmapped"),
    ("error.incorrect_request", S.UNMAPPED, "unmapped"),
    ("Request id already used", S.UNMAPPED, "unmapped"),
    ("Incorrect order ID", S.UNMAPPED, "unmapped"),
    ("Sipariş oluşturulamadı", S.UNMAPPED, "unmapped"),
    ("Something went wrong", S.UNMAPPED, "unmapped"),
]


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422])
@pytest.mark.parametrize(("text", "submission", "reason"), TEXTS)
def test_an_error_text_of_either_dialect_means_the_same_under_any_definite_status(text, submission, reason, status):
    result = classify(answered({"error": text}, status))
    assert (result.submission, result.reason, result.provider_order_id) == (submission, reason, None)
    assert result.provider_problem == (reason if submission is S.PROVIDER_CLOSED else None)


@pytest.mark.parametrize(
    ("code", "submission", "reason"),
    [
        ("102", S.PROVIDER_CLOSED, "key"),
        ("103", S.PROVIDER_CLOSED, "account"),
        ("104", S.UNMAPPED, "unmapped"),
        ("105", S.REJECTED, "service"),
        ("107", S.UNMAPPED, "unmapped"),
        ("108", S.REJECTED, "quantity"),
        ("109", S.REJECTED, "quantity"),
        ("110", S.REJECTED, "quantity"),
        ("111", S.REJECTED, "quantity"),
        ("112", S.REJECTED, "quantity"),
        ("113", S.PROVIDER_CLOSED, "funds"),
        (113, S.PROVIDER_CLOSED, "funds"),
        ("114", S.UNKNOWN, "provider_error"),
        ("115", S.UNKNOWN, "provider_error"),
        ("fail", S.UNMAPPED, "unmapped"),
    ],
)
def test_the_numbers_beside_a_text_are_understood(code, submission, reason):
    result = classify(error("Une erreur", status=code))
    assert (result.submission, result.reason) == (submission, reason)


@pytest.mark.parametrize(
    "said", [{"error": "Too many requests"}, b"<html>slow down</html>", b"", {"error": "Bad link"}]
)
def test_429_is_a_definite_later_whatever_it_says(said):
    result = classify(answered(said, 429, retry_after="7"))
    assert (result.submission, result.retry_after_s) == (S.NOT_ACCEPTED, 7)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0), ("120", 120), ("86400", 3600), ("-5", None), ("soon", None), ("Sun, 22 Nov 2026 04:00:00 GMT", None)],
)
def test_retry_after_is_taken_in_seconds_up_to_an_hour(header, seconds):
    assert classify(answered({}, 429, retry_after=header)).retry_after_s == seconds


def test_429_with_an_order_contradicts_itself():
    assert classify(answered({"order": 5}, 429)).submission is S.UNKNOWN


@pytest.mark.parametrize("status", [100, 301, 302, 304, 408, 500, 502, 503, 504, 520, 999])
@pytest.mark.parametrize(
    "said", [{"order": 5}, {"error": "Bad link"}, {"error": "Not enough funds on balance"}, b"", b"<html>"]
)
def test_gateways_redirects_and_server_errors_prove_nothing(status, said):
    """Even an error text: what stood behind the gateway may have carried the order out."""
    assert classify(answered(said, status)) == Classified(
        S.UNKNOWN, f"http_{status}", detail=answered(said).body.decode()
    )


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b" ",
        b"ok",
        b"23501",
        b'"23501"',
        b"null",
        b"true",
        b"[]",
        b'[{"order": 5}]',
        b'{"order": 5',
        b"<!DOCTYPE html><html>",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"order": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_unknown(said):
    assert classify(answered(said)).submission is S.UNKNOWN


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"orders": [5]},
        {"id": 5},
        {"status": "success"},
        {"error": None},
        {"error": ""},
        {"error": 5},
        {"error": True},
        {"error": ["Bad link"]},
        {"error": {"message": "Bad link"}},
        {"errors": ["Bad link"]},
        {"order": 5, "error": "Bad link"},
        {"status": "error", "message": "Not enough funds"},
    ],
)
def test_an_object_of_another_shape_is_unknown(said):
    assert classify(answered(said)).submission is S.UNKNOWN


def test_the_start_of_the_answer_is_kept_for_people_as_text_that_a_database_takes():
    result = classify(answered(b"<script>alert(1)</script>\x00" + b"\xff" * 5000))
    assert result.detail.startswith("<script>")
    assert len(result.detail) <= 500
    assert "\x00" not in result.detail


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["order", "error", "status", "orders"]), json_values, max_size=4)
bodies = st.binary(max_size=300) | (json_values | objects).map(lambda value: json.dumps(value).encode())
answers = st.builds(
    Answered,
    st.integers(100, 599),
    st.dictionaries(st.just("retry-after"), st.text(max_size=12)),
    bodies,
)


@given(answers)
@example(Answered(200, {}, b'{"order": true}'))
@example(Answered(200, {}, b'{"error": "\\ud800"}'))
def test_no_answer_raises_or_is_taken_for_what_it_does_not_prove(answer):
    """Never accepted without a proper id in a success; never not-sent, for bytes were sent; never two meanings."""
    result = classify(answer)
    assert result.submission is not S.NOT_SENT
    assert (result.submission is S.ACCEPTED) == (result.provider_order_id is not None)
    if result.submission is S.ACCEPTED:
        said = json.loads(answer.body)
        assert 200 <= answer.status < 300
        assert int(said["order"]) == result.provider_order_id
        assert 1 <= result.provider_order_id <= LARGEST
    assert len(result.reason) <= 60
    result.detail.encode()


@given(st.sampled_from(["order", "message", "result"]), st.text(max_size=20))
def test_only_an_error_text_can_make_a_definite_no(key, text):
    """The control: without the key `error` nothing is ever refused, rejected or refunded."""
    assert classify(answered({key: text})).submission in (S.UNKNOWN, S.ACCEPTED)


LINK = "https://instagram.com/p/not_enough_funds/invalid-api-key?x=too%20many%20requests"


class TestTheCustomersOwnWords:
    """Whoever orders chooses the link, and some providers repeat it: it decides nothing about the provider."""

    @pytest.mark.parametrize(
        "text",
        [
            f"Rejected: {LINK}",
            f"Rejected: {LINK.upper()}",
            "Rejected: https://instagram.com/p/not_enough_funds/invalid-api-key?x=too many requests",
            "Rejected: /p/not_enough_funds/",
            "Rejected user not_enough_funds",
            "Rejected: invalid-api-key",
        ],
    )
    def test_of_a_link_mean_nothing(self, text):
        assert classify(error(text)).submission is not S.UNMAPPED or "api-key" in text  # the control: it would
        assert classify(error(text), ours=[LINK]) == Classified(
            S.UNMAPPED, "unmapped", detail=json.dumps({"error": text})
        )

    def test_of_a_comment_mean_nothing(self):
        comments = "nice\nAccount  suspended, not enough funds"

        said = classify(error("Not allowed: account suspended, not enough funds"), ours=[comments])

        assert said.submission is S.UNMAPPED

    def test_what_is_the_provider_s_own_counts(self):
        assert classify(error(f"Not enough funds for {LINK}"), ours=[LINK]).provider_problem == "funds"

    def test_what_is_cut_joins_nothing(self):
        assert classify(error("not enough cats funds"), ours=["cats"]).submission is S.UNMAPPED
