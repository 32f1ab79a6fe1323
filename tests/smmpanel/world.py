"""The smallest world in which each address of the site has something to show."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import Model

import policies.operations as policies
from accounts import keys
from accounts import operations as accounts
from accounts.models import CustomerGroup, User
from orders.models import Flag, PriceRule
from orders.operations import catalogue, overturning
from orders.operations.flags import WAITING_LONG
from policies.models import Decision
from policies.rules.catalogue import RemoteService
from tests.factories import OrderFactory, ProviderFactory, ServiceFactory, fund
from tests.orders.decided import decided
from tests.policies.publishing import second_version
from tests.smmpanel.url_table import STAFF
from wallet import collecting
from wallet.gateways.base import Notice
from wallet.operations import corrections, payments, payouts, safeguards, terms

PASSWORD = "a password for tests"


@dataclass
class World:
    """Users by role, and what the rows' `args` name."""

    users: dict[str, User]
    key_id: int
    top_up: str
    decided_order: str
    decision: str
    wrong_key: str = "wrong"
    wrong_uid: str = "1"
    none: str = "0"
    one: str = "1"
    two: str = "2"
    by_hand: str = "manual"
    policy: str = "refund"
    app_label: str = "accounts"

    def value(self, name: str) -> str:
        """An attribute, or for "app/model" the id of the newest such object, 0 if there is none."""
        if "/" not in name:
            return str(getattr(self, name))
        model: type[Model] = apps.get_model(*name.split("/"))
        newest = model._default_manager.order_by("-pk").first()
        return str(newest.pk if newest else 0)


def build(now: datetime) -> World:
    """Seed the installation and make a user of each role; the customer owns what is owned."""
    call_command("seed")
    users = {role: _user(role) for role in ("customer", "other", "suspended", *STAFF)}
    accounts.suspend(user_id=users["suspended"].pk, reason="For a test", actor="system", now=now)
    for role in STAFF:
        users[role].groups.add(Group.objects.get(name=role))
    second_version(slug="refund", at=now + timedelta(days=7), now=now)
    decision = _appealed(users["customer"], now=now)
    order = OrderFactory(user=users["customer"])
    Flag.objects.create(order=order, kind=WAITING_LONG, raised_at=now)
    OrderFactory(user=users["customer"], service=ServiceFactory(routed=ProviderFactory(adapter="manual", api_url="")))
    group = CustomerGroup.objects.create(name="Resellers")
    PriceRule.objects.create(service=order.service, group=group, rate=Decimal(1))
    _list_of_a_provider(now=now)
    _money(users, now=now)
    TOTP.activate(_user("absent"), generate_totp_secret())
    policies.start_draft(staff=users["support"], slug="refund", now=now)
    accounts.queue_mail(to="customer@example.test", subject="Hello", body="A text.", key="world", now=now)
    terms.introduce_method(staff=users["owner"], gateway="manual", instructions="Bank B, account 1", now=now)
    top_up = _add_funds(users["customer"], now=now)
    key, _ = keys.create_key(user_id=users["customer"].pk, label="", now=now)
    of_order = {"decided_order": str(decision.subject_id), "decision": str(decision.uuid)}
    return World(users=users, key_id=key.pk, top_up=top_up, **of_order)


def _funded(user: User, *, now: datetime) -> User:
    fund(user, Decimal(100), now=now)
    return user


def _appealed(user: User, *, now: datetime) -> Decision:
    """The decision on an order that ended short, which its owner does not agree with."""
    order = OrderFactory(user=_funded(user, now=now))
    decision = decided(order, delivered=400, now=now)
    overturning.ask(user_id=user.pk, order_id=order.pk, decision=decision.uuid, words="More is missing.", now=now)
    return decision


def _add_funds(user: User, *, now: datetime) -> str:
    """Ask to pay in and to be paid out; the reference of the first."""
    payouts.ask_payout(user_id=user.pk, amount=Decimal(1), destination="An IBAN", request_key=uuid4(), now=now)
    asked = {"gateway": "manual", "amount": Decimal(20), "request_key": uuid4()}
    return collecting.start_payment(user_id=user.pk, now=now, **asked).reference


def _money(users: dict[str, User], *, now: datetime) -> None:
    """A notice, a correction that waits for a second person, a limit, a bonus rule."""
    user_id = users["customer"].pk
    notice = Notice(event_id="evt_1", payment_id="", kind="ping")
    payments.receive_notice(gateway="stripe", notice=notice, body=b"{}", now=now)
    for_all = {"staff": users["owner"], "user_id": user_id, "reason": "For a test", "now": now}
    corrections.adjust(amount=Decimal(500), key=uuid4(), **for_all)
    safeguards.set_staff_limits(daily=None, monthly=Decimal(1000), **for_all)
    terms.add_bonus_rule(staff=users["owner"], values={"from_amount": Decimal(100), "basis_points": 500}, now=now)


def _list_of_a_provider(*, now: datetime) -> None:
    """One entry that is new, and waits."""
    entry = RemoteService("1", "Likes", "Instagram Likes", "Default", Decimal(1), 10, 1000)
    catalogue.stage(provider_id=ProviderFactory().pk, listed=[entry], unreadable=(), now=now)


def _user(role: str) -> User:
    return User.objects.create_user(f"{role}@example.test", PASSWORD, is_staff=role in STAFF)
