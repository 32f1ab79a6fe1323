"""The clauses of the privacy notice: all of them ours, as the source policies have no such document (decision 21)."""

from policies.rules.clauses.base import Clause

RESPONSIBLE = Clause("privacy.1.1", "Who is responsible", ours=True)
INFORMS = Clause("privacy.1.2", "A notice, not a contract", ours=True)

ACCOUNT_DATA = Clause("privacy.2.1", "Your account", ours=True)
ORDER_DATA = Clause("privacy.2.2", "Your orders", ours=True)
MONEY_DATA = Clause("privacy.2.3", "Your money", ours=True)
ACCEPTANCE_DATA = Clause("privacy.2.4", "What you accepted and wrote", ours=True)
DEVICE_DATA = Clause("privacy.2.5", "Your device", ours=True)

PURPOSES = Clause("privacy.3.1", "What for", ours=True)
NOT_FOR = Clause("privacy.3.2", "What not for", ours=True)
BY_MACHINE = Clause("privacy.3.3", "Decisions by machine", ours=True)

PROVIDERS = Clause("privacy.4.1", "Providers", ours=True)
GATEWAYS = Clause("privacy.4.2", "Payment services", ours=True)
OTHERS = Clause("privacy.4.3", "Others", ours=True)

RECORDS_KEPT = Clause("privacy.5.1", "Account and records", ours=True)
MAIL_KEPT = Clause("privacy.5.2", "Mail", ours=True)

COOKIES = Clause("privacy.6.1", "Cookies", ours=True)

RIGHTS = Clause("privacy.7.1", "What you can ask for", ours=True)
COMPLAINTS = Clause("privacy.7.2", "Complaints", ours=True)

NOTICE_CHANGES = Clause("privacy.8.1", "Changes of this notice", ours=True)

PRIVACY_CLAUSES = (
    RESPONSIBLE,
    INFORMS,
    ACCOUNT_DATA,
    ORDER_DATA,
    MONEY_DATA,
    ACCEPTANCE_DATA,
    DEVICE_DATA,
    PURPOSES,
    NOT_FOR,
    BY_MACHINE,
    PROVIDERS,
    GATEWAYS,
    OTHERS,
    RECORDS_KEPT,
    MAIL_KEPT,
    COOKIES,
    RIGHTS,
    COMPLAINTS,
    NOTICE_CHANGES,
)
