"""Every address of the site and what each role gets there. Whoever adds an address adds its row here.

Roles: anonymous; customer (owns the objects of the world); other (a customer who owns nothing); suspended (a customer);
support, finance and owner (staff of these groups, all with their second factor off).

Words: ok (200), login (sent to the login page), away (sent elsewhere), forbidden (403), missing (404), method (405),
invalid (400 or 422), in (ok or away: for admin pages, where a missing object sends back to the list).
"""

from dataclasses import dataclass, field

ROLES = ("anonymous", "customer", "other", "suspended", "support", "finance", "owner")
STAFF = ("support", "finance", "owner")


def each(word: str, **others: str) -> dict[str, str]:
    """The same word for every role but the named ones."""
    return {**dict.fromkeys(ROLES, word), **others}


EVERYBODY = each("ok")
LOGGED_IN = each("ok", anonymous="login")
ITS_OWNER = each("missing", anonymous="login", customer="ok")
ITS_OWNERS_ACT = each("missing", anonymous="login", customer="away")
GUESTS = each("away", anonymous="ok")


@dataclass(frozen=True, slots=True)
class Row:
    """An address as the resolver spells it. args: attributes of the world; post: the fields of a POST."""

    route: str
    expected: dict[str, str]
    args: dict[str, str] = field(default_factory=dict)
    post: dict[str, str] | None = None


SITE = [
    Row("", EVERYBODY),
    Row("how-it-works", EVERYBODY),
    Row("about", EVERYBODY),
    Row("responsible-use", EVERYBODY),
    Row("theme", each("away"), post={"theme": "dark"}),
    Row("livez", EVERYBODY),
    Row("readyz", EVERYBODY),
    Row("api", EVERYBODY),
    # asks for the password again, as a login that was only forced has never given it
    Row("api-keys", each("away", anonymous="login"), post={}),
    Row("api-keys/<int:key_id>/revoke", each("away", anonymous="login"), args={"key_id": "key_id"}, post={}),
    Row("account/settings", LOGGED_IN),
    # API v2 answers 200 and an error to whoever brings no key
    Row("api/v2", EVERYBODY, post={}),
    Row("api/v2/", EVERYBODY, post={}),
    # a gateway without its keys, or one that sends no notices, is none
    Row("webhooks/<slug:gateway>", each("missing"), args={"gateway": "by_hand"}, post={}),
]

DECISION = {"order_id": "decided_order", "decision": "decision"}
EVIDENCE = ("evidence", "evidence.json")
ORDERS = [
    Row("services", EVERYBODY),
    Row("services/<int:service_id>", EVERYBODY, args={"service_id": "orders/service"}),
    Row("order", LOGGED_IN),
    Row("order/quote", LOGGED_IN, post={}),
    Row("orders", LOGGED_IN),
    Row("orders/<int:order_id>", ITS_OWNER, args={"order_id": "orders/order"}),
    Row("orders/<int:order_id>/cancel", ITS_OWNERS_ACT, args={"order_id": "orders/order"}, post={}),
    Row("orders/<int:order_id>/refill", ITS_OWNERS_ACT, args={"order_id": "orders/order"}, post={}),
    *(
        Row(f"orders/<int:order_id>/decisions/<uuid:decision>{page}", ITS_OWNER, args=DECISION)
        for page in ("", "/appeal")
    ),
    *(Row(f"orders/<int:order_id>/{page}", ITS_OWNER, args={"order_id": "orders/order"}) for page in EVIDENCE),
    Row("wallet/", LOGGED_IN),
    Row("wallet/statement.csv", LOGGED_IN),
    Row("wallet/add", LOGGED_IN),
    Row("wallet/add/quote", LOGGED_IN, post={}),
    Row("wallet/top-ups/<slug:reference>", ITS_OWNER, args={"reference": "top_up"}),
    Row("wallet/top-ups/<slug:reference>/state", ITS_OWNER, args={"reference": "top_up"}),
    Row("wallet/missing", LOGGED_IN),
    Row("wallet/limits", LOGGED_IN),
    Row("wallet/payouts", LOGGED_IN),
    Row("wallet/payouts/<int:payout_id>/withdraw", ITS_OWNERS_ACT, args={"payout_id": "wallet/payout"}, post={}),
]

POLICIES = [
    Row("policies/", EVERYBODY),
    Row("policies/changes", EVERYBODY),
    Row("policies/changes.atom", EVERYBODY),
    Row("policies/map", EVERYBODY),
    *(
        Row(f"policies/<slug:slug>/v<version:number>.{form}", EVERYBODY, args={"slug": "policy", "number": "one"})
        for form in ("txt", "json")
    ),
    Row(
        "policies/<slug:slug>/v<version:older>..v<version:newer>",
        EVERYBODY,
        args={"slug": "policy", "older": "one", "newer": "two"},
    ),
    Row("policies/<slug:slug>", EVERYBODY, args={"slug": "policy"}),
    Row("policies/<slug:slug>/v<version:number>", EVERYBODY, args={"slug": "policy", "number": "one"}),
]

ALLAUTH = [
    Row("accounts/login/", GUESTS),
    Row("accounts/signup/", GUESTS),
    Row("accounts/logout/", each("ok", anonymous="away")),
    Row("accounts/inactive/", EVERYBODY),
    Row("accounts/reauthenticate/", LOGGED_IN),
    Row("accounts/email/", LOGGED_IN),
    Row("accounts/confirm-email/", EVERYBODY),
    Row("accounts/confirm-email/(?P<key>[-:\\w]+)/$", EVERYBODY, args={"key": "wrong_key"}),
    Row("accounts/password/change/", LOGGED_IN),
    Row("accounts/password/set/", each("away", anonymous="login")),
    Row("accounts/password/reset/", EVERYBODY),
    Row("accounts/password/reset/done/", EVERYBODY),
    Row("accounts/password/reset/key/done/", EVERYBODY),
    Row(
        "accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        EVERYBODY,
        args={"uidb36": "wrong_uid", "key": "wrong_key"},
    ),
    Row("accounts/login/code/confirm/", each("away", anonymous="login")),
    Row("accounts/2fa/", LOGGED_IN),
    Row("accounts/2fa/authenticate/", each("away", anonymous="login")),
    # These ask for the password again: a login that was only forced has never given it.
    Row("accounts/2fa/reauthenticate/", each("away", anonymous="login")),
    Row("accounts/2fa/totp/activate/", each("away", anonymous="login")),
    Row("accounts/2fa/totp/deactivate/", each("missing", anonymous="login")),
    Row("accounts/2fa/recovery-codes/", each("missing", anonymous="login")),
    Row("accounts/2fa/recovery-codes/generate/", each("away", anonymous="login")),
    Row("accounts/2fa/recovery-codes/download/", each("missing", anonymous="login")),
]

OWNERS = each("login", support="forbidden", finance="forbidden", owner="ok")
FINANCE = each("login", support="forbidden", finance="ok", owner="ok")
HANDLERS = each("login", support="ok", finance="forbidden", owner="ok")
ALL_STAFF = each("login", support="ok", finance="ok", owner="ok")
PRESSED = each("login", support="away", finance="away", owner="away")
ADMIN = [
    Row("admin/", ALL_STAFF),
    Row("admin/login/", each("forbidden", anonymous="login", support="away", finance="away", owner="away")),
    Row("admin/logout/", each("away", support="ok", finance="ok", owner="ok"), post={}),
    Row("admin/password_change/", ALL_STAFF),
    Row("admin/password_change/done/", ALL_STAFF),
    Row("admin/autocomplete/", each("login", support="forbidden", finance="forbidden", owner="forbidden")),
    Row("admin/jsi18n/", ALL_STAFF),
    Row(
        "admin/r/<path:content_type_id>/<path:object_id>/",
        each("login", support="missing", finance="missing", owner="missing"),
        args={"content_type_id": "none", "object_id": "none"},
    ),
    Row("admin/accounts/alarm/<int:pk>/acknowledge/", PRESSED, args={"pk": "accounts/alarm"}, post={}),
    Row("admin/wallet/adjustment/correct/", FINANCE),
    Row("admin/wallet/adjustment/goodwill/", ALL_STAFF),
    *(
        Row(f"admin/wallet/adjustment/<int:pk>/{act}/", FINANCE, args={"pk": "wallet/adjustment"})
        for act in ("approve", "refuse")
    ),
    Row("admin/wallet/payout/record/", FINANCE),
    *(
        Row(f"admin/wallet/payout/<int:pk>/{act}/", FINANCE, args={"pk": "wallet/payout"})
        for act in ("pay", "refuse", "sent", "not-sent")
    ),
    Row("admin/wallet/safeguard/freeze/", ALL_STAFF),
    Row("admin/wallet/safeguard/limits/", ALL_STAFF),
    Row("admin/wallet/safeguard/<int:pk>/unfreeze/", ALL_STAFF, args={"pk": "wallet/safeguard"}),
    *(
        Row(f"admin/wallet/topup/<int:pk>/{act}/", FINANCE, args={"pk": "wallet/topup"})
        for act in ("confirm", "resolve", "reject", "send-back", "ask")
    ),
    *(
        Row(f"admin/orders/provider/<int:pk>/{act}/", OWNERS, args={"pk": "orders/provider"})
        for act in ("pause", "reopen", "test", "read")
    ),
    *(
        Row(f"admin/orders/cataloguesync/<int:pk>/{act}/", OWNERS, args={"pk": "orders/cataloguesync"})
        for act in ("apply-safe", "apply-all", "dismiss-all")
    ),
    *(
        Row(f"admin/orders/switches/<int:pk>/{act}/", OWNERS, args={"pk": "orders/switches"})
        for act in ("stop-selling", "start-selling", "stop-dispatch", "start-dispatch")
    ),
    Row("admin/orders/flag/<int:pk>/dismiss/", HANDLERS, args={"pk": "orders/flag"}),
    Row("admin/orders/flag/dismiss/", each("login", support="away", finance="forbidden", owner="away")),
    *(
        Row(f"admin/orders/runbyhand/<int:pk>/{act}/", HANDLERS, args={"pk": "orders/run"})
        for act in ("take", "take-over", "report", "finish")
    ),
    *(
        Row(f"admin/orders/order/run/<int:pk>/{act}/", HANDLERS, args={"pk": "orders/run"})
        for act in ("link", "resend", "refund", "give-up", "end")
    ),
    *(
        Row(f"admin/orders/order/<int:order_id>/{page}", ALL_STAFF, args={"order_id": "orders/order"})
        for page in ("evidence/", "evidence.json")
    ),
    *(
        Row(f"admin/policies/appeal/<int:pk>/{act}/", HANDLERS, args={"pk": "policies/appeal"})
        for act in ("uphold", "overturn")
    ),
    Row("admin/policies/policy/<int:pk>/draft/", HANDLERS, args={"pk": "policies/policy"}),
    *(
        Row(f"admin/policies/policyversion/<int:pk>/{page}/", who, args={"pk": "policies/policyversion"})
        for page, who in {
            "write": HANDLERS,
            "changes": ALL_STAFF,
            "rehearsals": ALL_STAFF,
            "publish": OWNERS,
            "discard": HANDLERS,
        }.items()
    ),
    Row("admin/(?P<app_label>APPS)/$", ALL_STAFF, args={"app_label": "app_label"}),
    Row(
        "admin/(?P<url>.*)$", each("login", support="missing", finance="missing", owner="missing"), args={"url": "none"}
    ),
]

# Models in the admin: who may look, and who may add and delete.
MODELS: dict[str, dict[str, str]] = {
    "accounts/user": {"view": "support finance owner"},
    "accounts/customergroup": {"view": "support finance owner", "add": "owner", "delete": "owner"},
    "accounts/alarm": {"view": "support finance owner"},
    "accounts/outgoing": {"view": "support owner"},
    "auth/group": {"view": "owner", "add": "owner", "delete": "owner"},
    "orders/cataloguechange": {"view": "support finance owner"},
    "orders/cataloguesync": {"view": "support finance owner"},
    "orders/category": {"view": "support finance owner", "add": "owner"},
    "orders/flag": {"view": "support finance owner"},
    "orders/order": {"view": "support finance owner"},
    "orders/pricerule": {"view": "finance owner", "add": "owner", "delete": "owner"},
    "orders/provider": {"view": "support finance owner", "add": "owner"},
    "orders/runbyhand": {"view": "support finance owner"},
    "orders/service": {"view": "support finance owner", "add": "owner"},
    "orders/syncchange": {"view": "support finance owner"},
    "orders/servicehistory": {"view": "support finance owner"},
    "orders/switches": {"view": "support finance owner"},
    "wallet/account": {"view": "support finance owner"},
    "wallet/adjustment": {"view": "support finance owner"},
    "wallet/bonusrule": {"view": "support finance owner", "add": "owner", "delete": "owner"},
    "wallet/entry": {"view": "support finance owner"},
    "wallet/event": {"view": "support finance owner"},
    "wallet/gatewayevent": {"view": "finance owner"},
    "wallet/ledgercheck": {"view": "support finance owner"},
    "wallet/moneyrules": {"view": "support finance owner"},
    "wallet/paymentmethod": {"view": "support finance owner"},
    "wallet/payout": {"view": "support finance owner"},
    "wallet/safeguard": {"view": "support finance owner"},
    "wallet/topup": {"view": "support finance owner"},
    "wallet/transfer": {"view": "support finance owner"},
    "policies/policy": {"view": "support finance owner"},
    "policies/policyversion": {"view": "support finance owner"},
    "policies/appeal": {"view": "support finance owner"},
    "policies/acceptance": {"view": "support finance owner"},
    "policies/decision": {"view": "support finance owner"},
    "policies/replaycheck": {"view": "support finance owner"},
    "mfa/authenticator": {"view": "owner", "delete": "owner"},
}
PAGES = {
    "": "view",
    "add/": "add",
    "<path:object_id>/history/": "view",
    "<path:object_id>/delete/": "delete",
    "<path:object_id>/change/": "view",
}


def admin_rows(model: str) -> list[Row]:
    """The pages that the admin makes for a model."""
    rows = [
        Row(
            f"admin/{model}/{page}",
            {
                role: "in"
                if role in MODELS[model].get(right, "").split()
                else "forbidden"
                if role in STAFF
                else "login"
                for role in ROLES
            },
            args={"object_id": model} if "object_id" in page else {},
        )
        for page, right in PAGES.items()
    ]
    to_change = each("login", support="away", finance="away", owner="away")
    return [*rows, Row(f"admin/{model}/<path:object_id>/", to_change, args={"object_id": model})]


TABLE = [*SITE, *ORDERS, *POLICIES, *ALLAUTH, *ADMIN, *(row for model in MODELS for row in admin_rows(model))]
