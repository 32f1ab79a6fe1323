"""The clauses of the terms of service: all of them ours, as the source policies have no such document (decision 21)."""

from policies.rules.clauses.base import Clause

PARTIES = Clause("terms.1.1", "Between you and us", ours=True)
POLICIES_FIRST = Clause("terms.1.2", "What the policies say comes first", ours=True)
ACCEPTED_FIRST = Clause("terms.1.3", "Accepted before the first order", ours=True, rule="eligibility.check_order")

WHO_MAY = Clause("terms.2.1", "Who may use the panel", ours=True)
YOUR_ACCOUNT = Clause("terms.2.2", "Your account and its secrets", ours=True)
SUSPENSION = Clause("terms.2.3", "Suspended accounts", ours=True, rule="eligibility.check_order")

WHAT_IS_SOLD = Clause("terms.3.1", "What is sold", ours=True)
PRICE_SHOWN = Clause("terms.3.2", "The price you were shown", ours=True, rule="quotes.check_quote")
NOT_SOLD = Clause("terms.3.3", "What is not sold", ours=True)

PREPAID = Clause("terms.4.1", "A prepaid wallet", ours=True, rule="eligibility.check_order")
FEES_AND_BONUS = Clause("terms.4.2", "Fees and bonus", ours=True, rule="payments.quote")
CREDITED = Clause("terms.4.3", "When a payment is credited", ours=True, rule="payments.judge_payment")
TAKEN_BACK = Clause("terms.4.4", "Payments that are taken back", ours=True, rule="payments.judge_payment")
SPENDING_LIMITS = Clause("terms.4.5", "Spending limits", ours=True, rule="spending.change")
PAYOUTS = Clause("terms.4.6", "Getting your balance back", ours=True)

YOURS_OR_AGREED = Clause("terms.5.1", "Only for what is yours", ours=True)
PROHIBITED = Clause("terms.5.2", "What is forbidden", ours=True)
PLATFORM_RULES = Clause("terms.5.3", "Rules of the platforms, and the law", ours=True)

API_KEYS = Clause("terms.6.1", "Keys for programs", ours=True)
STANDING = Clause("terms.6.2", "A key's acceptance stands", ours=True, rule="eligibility.check_order")
RESELLERS = Clause("terms.6.3", "If you resell", ours=True)

LIABILITY = Clause("terms.7.1", "What we answer for", ours=True)
AVAILABILITY = Clause("terms.7.2", "When the site is down", ours=True)

LEAVING = Clause("terms.8.1", "If you leave", ours=True)
ENDING = Clause("terms.8.2", "If we end it", ours=True)

CHANGES = Clause("terms.9.1", "Changes of these terms", ours=True)

LAW = Clause("terms.10.1", "Which law applies", ours=True)
REST_STANDS = Clause("terms.10.2", "What remains, and questions", ours=True)

TERMS_CLAUSES = (
    PARTIES,
    POLICIES_FIRST,
    ACCEPTED_FIRST,
    WHO_MAY,
    YOUR_ACCOUNT,
    SUSPENSION,
    WHAT_IS_SOLD,
    PRICE_SHOWN,
    NOT_SOLD,
    PREPAID,
    FEES_AND_BONUS,
    CREDITED,
    TAKEN_BACK,
    SPENDING_LIMITS,
    PAYOUTS,
    YOURS_OR_AGREED,
    PROHIBITED,
    PLATFORM_RULES,
    API_KEYS,
    STANDING,
    RESELLERS,
    LIABILITY,
    AVAILABILITY,
    LEAVING,
    ENDING,
    CHANGES,
    LAW,
    REST_STANDS,
)
