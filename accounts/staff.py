"""Which staff group may do what: names of permissions, nothing else (decision 27). `operations.seed` writes them."""

_LOOK_AT_CUSTOMERS = ("accounts.view_user", "accounts.view_customergroup", "accounts.view_userevent")
_ALARMS = ("accounts.view_alarm", "accounts.can_acknowledge_alarm")
_LOOK_AT_MONEY = (
    "wallet.view_account",
    "wallet.view_transfer",
    "wallet.view_entry",
    "wallet.view_topup",
    "wallet.view_adjustment",
    "wallet.view_payout",
    "wallet.view_safeguard",
    "wallet.view_event",
    "wallet.view_ledgercheck",
    "wallet.view_paymentmethod",
    "wallet.view_bonusrule",
    "wallet.view_moneyrules",
)
_LOOK_AT_ORDERS = (
    "orders.view_order",
    "orders.view_run",
    "orders.view_attempt",
    "orders.view_orderevent",
    "orders.view_flag",
    "orders.view_service",
    "orders.view_servicehistory",
    "orders.view_route",
    "orders.view_category",
    "orders.view_cataloguechange",
    "orders.view_cataloguesync",
    "orders.view_syncchange",
    "orders.view_provider",
    "orders.view_switches",
)
_LOOK_AT_POLICIES = (
    "policies.view_policy",
    "policies.view_policyversion",
    "policies.view_acceptance",
    "policies.view_decision",
    "policies.view_appeal",
    "policies.view_rehearsal",
    "policies.view_replaycheck",
)

OWNER = "owner"  # every permission there is; `operations.seed` gives it those of new releases too
GROUPS: dict[str, tuple[str, ...]] = {
    "support": (
        *_ALARMS,
        *_LOOK_AT_CUSTOMERS,
        *_LOOK_AT_MONEY,
        *_LOOK_AT_ORDERS,
        *_LOOK_AT_POLICIES,
        "accounts.view_apikey",
        "accounts.suspend_user",
        "accounts.view_outgoing",
        "accounts.can_resend_mail",
        "orders.handle_order",
        "orders.view_quote",
        "policies.decide_appeal",
        "policies.draft_policy",
        "wallet.can_give_goodwill",
        "wallet.can_freeze",
        "wallet.can_limit",
    ),
    "finance": (
        *_ALARMS,
        *_LOOK_AT_CUSTOMERS,
        *_LOOK_AT_MONEY,
        *_LOOK_AT_ORDERS,
        *_LOOK_AT_POLICIES,
        "orders.view_pricerule",
        "orders.view_quote",
        "wallet.view_gatewayevent",
        "wallet.can_confirm_top_up",
        "wallet.can_adjust",
        "wallet.can_approve_adjustment",
        "wallet.can_give_goodwill",
        "wallet.can_pay_out",
        "wallet.can_freeze",
        "wallet.can_limit",
    ),
}
