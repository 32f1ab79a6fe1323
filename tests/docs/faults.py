"""The fault matrix: what goes wrong, what then happens, which tests show it, and which show that they could fail.

`python -m tests.docs.faults` writes docs/faults.md from it.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"


@dataclass(frozen=True, slots=True)
class Row:
    """A fault. tests, controls: `file::test` under tests/, without its last parameters; a control must see harm.

    planned: the piece of work that brings the rest of it, "" where nothing is missing.
    """

    number: int
    fault: str
    expected: str
    tests: Sequence[str]
    controls: Sequence[str] = ()
    planned: str = ""


KILLED = "chaos/test_kills.py::test_with_request_ids_every_order_ends"
KILLED_NO_IDS = "chaos/test_kills.py::test_without_request_ids_unknowns_stay_held_and_are_never_sent_again"
WITHOUT = "chaos/test_without_safeties.py::test_without_it_the_run_fails"
NEEDS_ONE = frozenset({1, 2, 3, 5, 18, 24, 27, 28, 29})  # rows that promise to show how they would fail

ROWS = (
    Row(
        1,
        "A worker is killed before its claim is committed",
        "The order is still queued, and sent once later.",
        [KILLED, KILLED_NO_IDS],
        [WITHOUT, "orders/test_ticks_at_once.py::TestTheControls::test_without_the_claim_orders_are_sent_twice"],
    ),
    Row(
        2,
        "A worker is killed after the claim, before the first byte",
        "The lease runs out and the run is unknown: asked for by its request id, or held for staff; not sent again.",
        ["orders/test_reconcile.py::TestLeases::test_a_worker_that_died_after_the_claim_leaves_an_unknown", KILLED],
        [WITHOUT],
    ),
    Row(
        3,
        "A worker is killed after the provider accepted, before the result is committed",
        "Unknown; its request id links it, or else the balance is evidence for staff. Never sent again.",
        [
            "orders/test_reconcile.py::TestRequestIds::test_an_answer_lost_after_acceptance_is_found_again",
            "orders/test_dispatch.py::TestAccepted::test_the_balance_before_and_after_is_evidence",
            "rules/test_balances.py::test_only_one_reading_that_fits_is_evidence",
            KILLED_NO_IDS,
        ],
        [WITHOUT],
    ),
    Row(
        4,
        "A worker is killed after the commit, before the message is acknowledged",
        "The message comes again and changes nothing.",
        ["orders/test_ticks.py::TestCelery::test_a_message_delivered_twice_is_harmless"],
    ),
    Row(
        5,
        "The provider answers after our deadline",
        "Unknown; a late answer is written only while the attempt is still ours.",
        [
            "orders/test_reconcile.py::TestWithoutRequestIds::test_an_answer_after_our_deadline_leaves_it_unknown",
            "orders/test_reconcile.py::TestLeases::test_the_worker_that_lives_after_all_may_still_write_its_answer",
            "orders/test_reconcile.py::TestLeases::test_an_answer_whose_attempt_is_over_is_only_evidence",
        ],
        [WITHOUT],
    ),
    Row(
        6,
        "An answer of 500, HTML, nothing, nonsense, a bomb, 10 MB, or a slow drip",
        "Unknown; what was said is kept, cut and escaped; the worker is free again at the deadline.",
        [
            "orders/providers/test_api_v2.py::test_each_trouble_is_one_try_that_ends_in_time",
            "orders/test_reconcile.py::TestWithoutRequestIds::test_an_unclear_answer_is_held_and_never_sent_again",
            "orders/admin/test_needs_person.py::TestEvidence::test_of_an_unclear_answer_is_all_that_a_decision_needs",
        ],
    ),
    Row(
        7,
        "HTTP 429",
        "Sent again after the time asked for; that provider's rate falls, others are not affected.",
        [
            "orders/test_dispatch.py::TestLater::test_too_many_requests_sends_it_again_after_the_time_asked_for",
            "orders/test_breaker.py::TestHowFast::test_later_without_a_time_waits_longer_each_time",
            "orders/test_breaker.py::test_a_provider_that_hangs_delays_no_other",
        ],
    ),
    Row(
        8,
        "“Not enough funds”",
        "The provider is paused and staff are told; orders wait, and nothing is refunded.",
        [
            "orders/test_dispatch.py::TestDefiniteNo::"
            "test_a_provider_without_our_money_is_paused_and_no_customer_pays_for_it",
            "orders/test_breaker.py::TestPaused::test_staff_are_told_once_what_is_to_be_mended",
        ],
    ),
    Row(
        9,
        "Refused connection, no such host, failed TLS",
        "Not sent: put back. After five in a row the breaker opens, and probes with the balance, never with an order.",
        [
            "orders/providers/test_api_v2.py::test_a_provider_that_is_down_was_sent_nothing",
            "plumbing/test_outbound.py::test_no_such_host_means_not_sent",
            "plumbing/test_outbound.py::test_a_certificate_that_nobody_vouches_for_means_not_sent",
            "orders/test_breaker.py::TestOpens::test_after_five_balance_calls_in_a_row_that_came_to_nothing",
            "orders/test_breaker.py::TestHalfOpen::test_one_balance_call_probes_it_and_never_an_order",
        ],
    ),
    Row(
        10,
        "A provider answers with a number that it gave before",
        "Held and told to staff; nothing is linked twice.",
        ["orders/test_dispatch.py::TestAccepted::test_an_id_that_another_run_has_proves_nothing"],
    ),
    Row(
        11,
        "Remains negative, above the quantity, no number, absent, “1 000”, a fraction",
        "Flagged and not believed; no refund comes from an impossible number.",
        [
            "rules/test_reports.py::TestWhatIsOdd::test_numbers_that_cannot_be_end_nothing_and_move_nothing",
            "rules/test_reports.py::test_refunds_stay_within_the_charge_for_any_sequence_of_hostile_reports",
            "orders/test_poll.py::TestOdd::test_what_makes_no_sense_is_flagged_and_not_believed",
        ],
    ),
    Row(
        12,
        "Completed goes back to In progress, or remains grow again",
        "What has ended stays so; noted and flagged; no money moves twice.",
        [
            "rules/test_reports.py::test_an_end_that_is_taken_back_is_a_step_back",
            "orders/test_poll.py::TestOdd::test_delivered_never_falls",
            "orders/test_settling.py::TestStatuses::test_no_status_leads_out_of_a_terminal_one",
        ],
    ),
    Row(
        13,
        "Partial is reported twice, the second time with other remains",
        "Refunded once.",
        ["orders/test_settling.py::TestOnce::test_ending_a_run_again_with_other_numbers_changes_nothing"],
        ["orders/test_settling.py::TestRaced::test_the_books_refuse_a_second_refund_even_without_the_lock"],
    ),
    Row(
        14,
        "A status word that is unknown, translated or spelled otherwise",
        "Read by one table; what is not in it is flagged and changes nothing.",
        [
            "rules/test_reports.py::TestWhatIsOdd::test_an_unknown_word_is_flagged_and_never_taken_for_a_failure",
            "rules/test_reports.py::test_one_table_knows_the_words",
        ],
    ),
    Row(
        15,
        "The provider charges more than its list says",
        "The order goes on and its price stays; staff are told.",
        ["orders/test_poll.py::TestCharge::test_more_than_listed_is_told_once_and_moves_no_money"],
    ),
    Row(
        16,
        "An answer about many orders leaves some out",
        "Those stay due and are asked about again.",
        [
            "orders/test_poll.py::TestOdd::test_ids_left_out_of_the_answer_stay_due",
            "orders/providers/test_api_v2.py::test_ids_that_the_answer_leaves_out_are_neither_reported_nor_failed",
        ],
    ),
    Row(
        17,
        "A service vanishes, its price rises, its limits change",
        "Staged; a rate past the margin pauses the service before its next order; open orders are not affected.",
        [
            "orders/test_syncing.py::TestARateThatRises::test_past_the_margin_pauses_the_service_before_its_next_order",
            "orders/test_syncing.py::TestTermsThatChange::"
            "test_fewer_quantities_hold_at_once_and_open_orders_keep_theirs",
            "orders/test_syncing.py::TestAListNobodyBelieves::"
            "test_an_empty_list_takes_nothing_off_sale_and_alarms_once",
        ],
        [
            "orders/test_syncing.py::TestAListNobodyBelieves::"
            "test_without_that_rule_half_a_list_would_have_taken_half_of_it_off_sale"
        ],
    ),
    Row(
        18,
        "Redis is emptied, or killed and comes back empty",
        "Nothing is forgotten: the next tick finds the same work.",
        ["orders/test_ticks.py::TestCelery::test_a_broker_emptied_in_between_loses_no_order", KILLED],
        ["orders/test_ticks.py::TestCelery::test_an_order_that_is_nothing_but_a_message_is_lost_with_the_broker"],
    ),
    Row(
        19,
        "Redis hangs without ending",
        "Orders are taken as ever, by API and by form; caches and limits fail open. What is due goes out later.",
        [
            "chaos/test_frozen_redis.py::test_orders_are_taken_while_redis_hangs_and_sent_when_it_is_back",
            "plumbing/test_limits.py::test_a_cache_that_is_away_limits_nobody",
        ],
    ),
    Row(
        20,
        "Postgres is killed and recovers",
        "A clean 503, safe to repeat with the same key; workers reconnect by themselves; nothing committed is lost.",
        [
            KILLED,
            KILLED_NO_IDS,
            "orders/test_in_the_way.py::TestALockThatSomebodyHolds::"
            "test_for_long_is_said_on_the_page_and_the_form_may_be_sent_again",
        ],
        [WITHOUT],
    ),
    Row(
        21,
        "No connection left, a lock that does not come free, deadlock, serialization failure",
        "Up to three tries, then 503; no money moves in part.",
        [
            "orders/test_in_the_way.py::TestTriedAgain::test_twice_in_the_way_is_an_order_all_the_same",
            "orders/test_in_the_way.py::TestTriedAgain::"
            "test_three_times_is_said_and_nothing_is_charged_until_it_is_sent_again",
            "orders/test_in_the_way.py::test_without_a_connection_left_it_is_said_and_nothing_is_charged",
            "wallet/test_wallet_concurrency.py::test_random_movements_among_ten_wallets_meet_no_deadlock",
        ],
        ["wallet/test_wallet_concurrency.py::test_without_the_locks_the_same_moves_meet_errors"],
    ),
    Row(
        22,
        "Clocks jump by an hour or a day, or a zone changes its clock",
        "Leases go by the database's clock, the timetable by elapsed time; a night has one run.",
        [
            "smmpanel/test_timetable.py::test_it_goes_on_after_its_clock_was_set",
            "smmpanel/test_timetable.py::TestAWorkerWhoseClockIsAhead::test_is_sent_what_it_still_takes",
            "orders/test_clock_jumps.py::TestLeases::test_a_claim_is_given_up_by_nobody_whose_clock_is_off",
            "orders/test_clock_jumps.py::TestNights::test_a_clock_that_goes_to_and_fro_verifies_once_a_night",
            "orders/test_clock_jumps.py::TestNights::test_the_change_of_a_zone_s_clock_is_no_night",
        ],
        [
            "orders/test_clock_jumps.py::test_by_the_clock_of_a_worker_a_claim_would_be_given_up_while_it_is_sent",
            "smmpanel/test_timetable.py::test_celery_s_own_falls_silent_until_its_clock_has_caught_up",
        ],
    ),
    Row(
        23,
        "The disk under the database is full",
        "Refused with a clean 503 before anything is charged; goes on without hands once there is room.",
        ["orders/test_disk_full.py::test_an_order_is_refused_before_it_is_charged_and_goes_through_once_there_is_room"],
    ),
    Row(
        24,
        "The same webhook ten times at once",
        "One credit.",
        ["wallet/test_webhooks.py::TestManyDeliveries::test_ten_copies_at_once_are_one_event_and_one_credit"],
        ["wallet/test_webhooks.py::TestManyDeliveries::test_without_the_unique_event_the_copies_are_all_taken"],
    ),
    Row(
        25,
        "Webhooks out of order, a short payment, another currency",
        "What the gateway says when asked counts; what is not as asked goes to a person; never more than was received.",
        [
            "wallet/test_webhooks.py::TestManyDeliveries::"
            "test_a_thousand_events_three_times_each_shuffled_with_forgeries_credit_each_payment_once",
            "wallet/test_top_ups_settling.py::TestNotAsAsked::test_nothing_is_credited_and_staff_are_told_once",
            "wallet/test_top_ups_settling.py::TestMoneyThatGoesBack::"
            "test_refunded_before_it_was_credited_nothing_ever_moves",
        ],
        [
            "wallet/test_top_ups_settling.py::TestTwoAnswers::"
            "test_without_the_lock_and_the_one_key_ten_credit_more_than_once"
        ],
    ),
    Row(
        26,
        "A chargeback after the money was spent",
        "Owed on an account of its own, the wallet stays at 0 or above and is frozen.",
        [
            "wallet/test_top_ups_settling.py::TestMoneyThatGoesBack::"
            "test_a_chargeback_after_spending_is_owed_and_freezes_and_nothing_falls_below_zero"
        ],
    ),
    Row(
        27,
        "Double click, two tabs, the back button, a program that repeats itself",
        "One order for each key.",
        [
            "orders/test_views_place.py::TestOnce::test_a_second_click_leads_to_the_same_order",
            "orders/test_views_place.py::TestOnce::test_two_tabs_hold_the_same_draft",
            KILLED,
        ],
        ["orders/test_views_place.py::TestOnce::test_without_the_key_each_click_would_be_an_order", WITHOUT],
    ),
    Row(
        28,
        "More orders at once than the wallet can pay",
        "Exactly as many as it can pay are placed.",
        ["clients/test_parallel_adds.py::test_exactly_the_affordable_orders_are_placed"],
        ["clients/test_parallel_adds.py::test_without_the_lock_the_same_calls_are_not_answered_right"],
    ),
    Row(
        29,
        "Two timetables, cron and ticks by hand",
        "Each effect once.",
        [
            "chaos/test_two_clocks.py::test_two_beats_cron_and_twice_the_workers_do_each_thing_once",
            "orders/test_ticks_at_once.py::test_ten_passes_at_once_have_the_effect_of_one",
        ],
        [
            "orders/test_ticks_at_once.py::TestTheControls::test_without_the_claim_orders_are_sent_twice",
            "orders/test_ticks_at_once.py::TestTheControls::test_without_the_lock_the_books_are_verified_ten_times",
        ],
    ),
    Row(
        30,
        "A new release in the middle: old and new processes side by side, the old ones asked to end",
        "They hear their last answers; nothing is lost, sent twice or left unknown.",
        ["chaos/test_deploy.py::test_a_release_in_the_middle_leaves_nothing_unknown"],
        [KILLED],
    ),
    Row(
        31,
        "Something that fails each time it is tried",
        "Parked after some tries and told to staff; the others go on.",
        [
            "orders/test_reconcile.py::TestWhatNeverLands::test_is_parked_after_five_tries_that_the_provider_never_had",
            "orders/test_dispatch.py::TestPoison::"
            "test_a_refused_order_that_cannot_be_ended_keeps_no_other_from_its_end",
            "orders/test_poll.py::TestMany::test_one_order_that_cannot_be_ended_does_not_stop_the_others",
            "orders/test_ticks.py::TestCommand::test_one_that_fails_is_named_and_stops_no_other",
        ],
    ),
    Row(
        32,
        "A price changes between the page and the click",
        "The price shown is charged, or it is said that it changed.",
        [
            "orders/test_views_place.py::test_a_price_that_rose_since_it_was_shown_is_told_instead_of_charged",
            "orders/test_views_place.py::test_the_price_shown_is_the_price_charged",
        ],
    ),
    Row(
        33,
        "Staff and customer cancel at once; an end and a refund race",
        "One end, and refunds of at most the charge.",
        [
            "orders/test_cancelling.py::TestRaced::test_twenty_orders_are_each_sent_or_canceled",
            "orders/test_cancelling.py::TestAskedOfTheProvider::"
            "test_it_is_asked_and_only_what_the_provider_reports_is_paid_back",
            "orders/test_settling.py::TestRaced::test_eight_threads_settle_one_order_once",
        ],
        [
            "orders/test_cancelling.py::TestRaced::test_without_its_lock_it_would_say_canceled_of_what_is_sent",
            "orders/test_cancelling.py::TestAskedOfTheProvider::test_without_the_fence_it_would_go_out_again",
        ],
        planned="orders",
    ),
    Row(34, "A refill is asked for twice, too late, or where nobody can count", "", [], planned="orders"),
    Row(35, "The target becomes private or gets another name during delivery", "", [], planned="orders"),
    Row(
        36,
        "The mail server is down; mails that answer themselves; a Message-ID twice",
        "Outgoing mail waits in the outbox and is sent once.",
        ["orders/test_ticks_at_once.py::test_ten_passes_at_once_send_each_mail_once"],
        planned="support",
    ),
    Row(37, "A backup from an hour ago is restored", "", [], planned="operations"),
)


def render() -> str:
    """The page."""
    lines = [
        "# What goes wrong, and what then happens",
        "",
        "Made from `tests/docs/faults.py` by `python -m tests.docs.faults`. Each row names tests that show it, by file",
        "under `tests/` and name and, where harm is what must not happen, a *control*: the same with a safety switched",
        "off, which must do the harm. `make chaos` runs the kills at full size.",
        "",
        "| # | what goes wrong | what then happens | shown by |",
        "|---|---|---|---|",
        *map(_line, ROWS),
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    shown = [f"`{test}`" for test in row.tests] + [f"control: `{test}`" for test in row.controls]
    if row.planned:
        shown.append(f"planned: {row.planned}")
    return f"| {row.number} | {row.fault} | {row.expected} | {'<br>'.join(shown)} |"


if __name__ == "__main__":
    PAGE.write_text(render())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
