"""The clauses of the support policy and the numbers they leave open (support.md 7.2 and 2.2, decision 22)."""

from policies.rules.clauses.base import Clause, Parameter

ACCOUNT_RECOVERY = Clause("support.2.1.a", "Passwords and account recovery")
ACCOUNT_LOGIN = Clause("support.2.1.b", "Trouble logging in")
ACCOUNT_VERIFICATION = Clause("support.2.1.c", "Verifying an account")
ACCOUNT_DETAILS = Clause("support.2.1.d", "Changing account details")
BILLING = Clause("support.2.1.e", "Billing and payments")
ORDER_PROCESSING = Clause("support.2.2.a", "Late starts and failed orders")
ORDER_REFUNDS = Clause("support.2.2.b", "Cancellations and refunds")
ORDER_DISCREPANCY = Clause("support.2.2.c", "Delivery that does not add up")
ORDER_STATUS = Clause("support.2.2.d", "What an order's status means")
SERVICE_FEATURES = Clause("support.2.3.a", "What a service is")
PANEL_GUIDANCE = Clause("support.2.3.b", "How to use the panel")
PRICING = Clause("support.2.3.c", "Prices and packages")
BUGS = Clause("support.2.4.a", "Errors on the site")
PLATFORM_TROUBLE = Clause("support.2.4.b", "Trouble with a platform")

TICKETS = Clause("support.3.1", "Tickets come first")
EMAIL = Clause("support.3.2", "E-mail")
NO_PHONE_OR_DM = Clause("support.3.3", "No phone, no direct messages")

HOURS = Clause("support.4.1", "When we are there")
OUTSIDE_HOURS = Clause("support.4.2", "Outside those hours")
HOLIDAYS = Clause("support.4.3", "Weekends and public holidays")

TICKET_RESPONSE = Clause("support.5.1", "How soon we answer a ticket")
EMAIL_RESPONSE = Clause("support.5.2", "How soon we answer an e-mail")
RESPONSE_VARIES = Clause("support.5.3", "When an answer takes longer")

OUT_THIRD_PARTY = Clause("support.6.1", "Other companies' platforms and services")
OUT_ACCOUNT_MANAGEMENT = Clause("support.6.2", "Running your accounts")
OUT_RESULTS = Clause("support.6.3", "Promises of results")
OUT_VIOLATIONS = Clause("support.6.4", "Trouble from broken terms")
OUT_UNRELATED = Clause("support.6.5", "Questions about something else")
OUT_COACHING = Clause("support.6.6", "Coaching")

NO_GUARANTEED_RESOLUTION = Clause("support.7.1", "Not everything can be solved")
ABUSE = Clause("support.7.2", "When we stop answering")
ENGLISH = Clause("support.7.3", "English, or time to translate")

CLEAR_DESCRIPTION = Clause("support.8.1", "Say what happened")
IDS_AND_SCREENSHOTS = Clause("support.8.2", "Order numbers and pictures")
ONE_PER_ISSUE = Clause("support.8.3", "One ticket for one problem")
NO_FOLLOW_UPS = Clause("support.8.4", "Please wait for the date shown")

MAY_CHANGE = Clause("support.9.1", "This policy can change")
CHANGES_POSTED = Clause("support.9.2", "Changes are published here", rule="publishing.decide_publishing")
CHECK_FOR_CHANGES = Clause("support.9.3", "Keeping up with changes")

QUESTIONS = Clause("support.10.1", "Questions about this policy")

SUPPORT_CLAUSES = (
    ACCOUNT_RECOVERY,
    ACCOUNT_LOGIN,
    ACCOUNT_VERIFICATION,
    ACCOUNT_DETAILS,
    BILLING,
    ORDER_PROCESSING,
    ORDER_REFUNDS,
    ORDER_DISCREPANCY,
    ORDER_STATUS,
    SERVICE_FEATURES,
    PANEL_GUIDANCE,
    PRICING,
    BUGS,
    PLATFORM_TROUBLE,
    TICKETS,
    EMAIL,
    NO_PHONE_OR_DM,
    HOURS,
    OUTSIDE_HOURS,
    HOLIDAYS,
    TICKET_RESPONSE,
    EMAIL_RESPONSE,
    RESPONSE_VARIES,
    OUT_THIRD_PARTY,
    OUT_ACCOUNT_MANAGEMENT,
    OUT_RESULTS,
    OUT_VIOLATIONS,
    OUT_UNRELATED,
    OUT_COACHING,
    NO_GUARANTEED_RESOLUTION,
    ABUSE,
    ENGLISH,
    CLEAR_DESCRIPTION,
    IDS_AND_SCREENSHOTS,
    ONE_PER_ISSUE,
    NO_FOLLOW_UPS,
    MAY_CHANGE,
    CHANGES_POSTED,
    CHECK_FOR_CHANGES,
    QUESTIONS,
)

# "calendar" of support.md 2.2 in four values, so that the page and the clock read the same ones (S3, S24).
TIME_ZONE = Parameter("support_time_zone", HOURS, "time zone", "Asia/Kolkata", ours=False)
OPENS = Parameter("support_opens", HOURS, "local time", "10:00", ours=False)
CLOSES = Parameter("support_closes", HOURS, "local time", "18:00", ours=False)
WEEKDAYS = Parameter("support_weekdays", HOURS, "ISO weekdays", "12345", ours=False)
COUNTING = Parameter(
    "counting", TICKET_RESPONSE, "way to count", "business_days", choices=("business_days", "business_hours", "elapsed")
)
TICKET_TARGET_H = Parameter("ticket_target_h", TICKET_RESPONSE, "stated hours", 24, 1, 240, ours=False)
TICKET_BREACH_H = Parameter("ticket_breach_h", TICKET_RESPONSE, "stated hours", 48, 1, 480, ours=False)
EMAIL_TARGET_H = Parameter("email_target_h", EMAIL_RESPONSE, "stated hours", 48, 1, 240, ours=False)
EMAIL_BREACH_H = Parameter("email_breach_h", EMAIL_RESPONSE, "stated hours", 72, 1, 480, ours=False)
WARN_PERCENT = Parameter("warn_percent", TICKET_RESPONSE, "percent of the time", 75, 1, 100)
REOPEN_DAYS = Parameter("reopen_days", TICKETS, "days", 7, 0, 90)
PROMISE_EXTENSIONS = Parameter("promise_extensions", RESPONSE_VARIES, "times", 1, 0, 3)
TRANSLATION_CAP_H = Parameter("translation_cap_business_h", ENGLISH, "business hours", 16, 0, 80)
DESCRIPTION_MIN = Parameter("description_min_chars", CLEAR_DESCRIPTION, "characters", 20, 1, 200)
DESCRIPTION_MAX = Parameter("description_max_chars", CLEAR_DESCRIPTION, "characters", 5000, 500, 20000)
IMAGE_MAX_MIB = Parameter("image_max_mib", IDS_AND_SCREENSHOTS, "MiB", 5, 1, 20)
IMAGE_MAX_MPX = Parameter("image_max_mpx", IDS_AND_SCREENSHOTS, "megapixels", 20, 1, 100)
NOTICE_DAYS = Parameter("notice_days", CHANGES_POSTED, "days", 7, 0, 90)

SUPPORT_PARAMETERS = (
    TIME_ZONE,
    OPENS,
    CLOSES,
    WEEKDAYS,
    COUNTING,
    TICKET_TARGET_H,
    TICKET_BREACH_H,
    EMAIL_TARGET_H,
    EMAIL_BREACH_H,
    WARN_PERCENT,
    REOPEN_DAYS,
    PROMISE_EXTENSIONS,
    TRANSLATION_CAP_H,
    DESCRIPTION_MIN,
    DESCRIPTION_MAX,
    IMAGE_MAX_MIB,
    IMAGE_MAX_MPX,
    NOTICE_DAYS,
)
