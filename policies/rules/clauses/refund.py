"""The clauses of the refund policy and the numbers they leave open (support.md 7.2, decisions 20 and 22)."""

from policies.rules.clauses.base import Clause, Parameter

PURPOSE = Clause("refund.1.1", "What this policy is for")
DIGITAL = Clause("refund.1.2", "Digital, and quickly under way")
ACTUAL_RULES = Clause("refund.1.3", "These are the rules we work by")
FREE_UNTIL_SENT = Clause("refund.1.4", "Free to cancel until it is sent", ours=True, rule="refunds.decide_refund")

AUTOMATED = Clause("refund.2.1", "Orders are handled by machine", rule="explain.explain")
QUEUE = Clause("refund.2.2", "Orders wait in a queue", rule="explain.explain")
START = Clause("refund.2.3", "Delivery starts at once or later", rule="pacing.planned_band")

SPEED_VARIES = Clause("refund.3.1", "Speed varies", rule="forecasts.expected_end")
WHAT_SLOWS = Clause("refund.3.2", "What changes the speed", rule="forecasts.expected_end")
NO_EXACT_TIME = Clause("refund.3.3", "No exact times", rule="refunds.refund_conditions")

GRADUAL = Clause("refund.4.1", "Delivered bit by bit", rule="pacing.plan")
NO_SPIKES = Clause("refund.4.2", "No sudden spikes", rule="pacing.plan")
NOT_INSTANT = Clause("refund.4.3", "Not instant unless stated", rule="pacing.is_instant")

CORRECT_LINK = Clause("refund.5.1", "A correct, public, stable link", rule="eligibility.check_order")
CUSTOMERS_CHANGE = Clause("refund.5.2", "Changing the target while we deliver", rule="refunds.decide_refund")

INTERRUPTIONS = Clause("refund.6.1", "Interruptions from outside", rule="explain.explain")
PAUSE_OR_SLOW = Clause("refund.6.2", "Pausing and slowing down", rule="explain.explain")
COMPLETE_FAILURE = Clause("refund.6.3", "Refunds when delivery fails", rule="refunds.decide_refund")

VARIATION = Clause("refund.7.1", "Slight variations", rule="tolerance.tolerance_units")
MINOR_DIFFERENCE = Clause("refund.7.2", "A minor difference is not a failure", rule="refunds.decide_refund")
UNDELIVERED_PART = Clause("refund.7.3", "What was not delivered is paid back", ours=True, rule="refunds.decide_refund")

REFILL_PERIOD = Clause("refund.8.1", "Refill period", rule="refunds.refund_conditions")
NO_REFILL = Clause("refund.8.2", "Services without refill", rule="refunds.refund_conditions")

PLATFORMS = Clause("refund.9.1", "Platforms are not ours", rule="expectations.expectations")
PLATFORM_CHANGES = Clause("refund.9.2", "Platform changes affect delivery")

VISIBILITY_ONLY = Clause("refund.10.1", "Visibility, not engagement", rule="refunds.refund_conditions")
OUTSIDE_FACTORS = Clause("refund.10.2", "What results depend on", rule="expectations.expectations")

SUPPORT_FIRST = Clause("refund.11.1", "Talk to support first")
HOW_REVIEWED = Clause("refund.11.2", "How a case is reviewed", rule="appeals.decide_overturned")

GOODWILL = Clause("refund.11.3", "Goodwill", ours=True)

DYNAMIC = Clause("refund.12.1", "A service that moves", rule="eligibility.check_order")
RESPONSIBLE_USE = Clause("refund.12.2", "Use it with care")

REFUND_CLAUSES = (
    PURPOSE,
    DIGITAL,
    ACTUAL_RULES,
    FREE_UNTIL_SENT,
    AUTOMATED,
    QUEUE,
    START,
    SPEED_VARIES,
    WHAT_SLOWS,
    NO_EXACT_TIME,
    GRADUAL,
    NO_SPIKES,
    NOT_INSTANT,
    CORRECT_LINK,
    CUSTOMERS_CHANGE,
    INTERRUPTIONS,
    PAUSE_OR_SLOW,
    COMPLETE_FAILURE,
    VARIATION,
    MINOR_DIFFERENCE,
    UNDELIVERED_PART,
    REFILL_PERIOD,
    NO_REFILL,
    PLATFORMS,
    PLATFORM_CHANGES,
    VISIBILITY_ONLY,
    OUTSIDE_FACTORS,
    SUPPORT_FIRST,
    HOW_REVIEWED,
    GOODWILL,
    DYNAMIC,
    RESPONSIBLE_USE,
)

LINK_MAX_CHARS = Parameter("link_max_chars", CORRECT_LINK, "characters", 500, 100, 2000)
PRIVATE_GRACE_H = Parameter("private_grace_h", CUSTOMERS_CHANGE, "hours", 24, 0, 168)
FAIL_AFTER_H = Parameter("fail_after_h", COMPLETE_FAILURE, "hours", 72, 1, 720)
TOLERANCE_BP = Parameter("tolerance_bp", MINOR_DIFFERENCE, "basis points", 200, 0, 1000)
TOLERANCE_MIN_UNITS = Parameter("tolerance_min_units", MINOR_DIFFERENCE, "units", 5, 0, 100)
TOLERANCE_CAP_BP = Parameter("tolerance_cap_bp", MINOR_DIFFERENCE, "basis points", 1000, 0, 2500)
REFILL_COOLDOWN_H = Parameter("refill_cooldown_h", REFILL_PERIOD, "hours", 24, 0, 168)
REFILL_MIN_DROP_BP = Parameter("refill_min_drop_bp", REFILL_PERIOD, "basis points", 500, 0, 5000)
APPEAL_DAYS = Parameter("appeal_days", HOW_REVIEWED, "days", 30, 1, 365)

REFUND_PARAMETERS = (
    LINK_MAX_CHARS,
    PRIVATE_GRACE_H,
    FAIL_AFTER_H,
    TOLERANCE_BP,
    TOLERANCE_MIN_UNITS,
    TOLERANCE_CAP_BP,
    REFILL_COOLDOWN_H,
    REFILL_MIN_DROP_BP,
    APPEAL_DAYS,
)
