"""A quote as a page or a program carries it: signed, so that nothing is stored until an order keeps it."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer

from orders.operations.quoting import Held, Quote, Request, Terms
from plumbing import canonical
from policies import wording
from policies.rules.clauses import Reason
from policies.rules.forecasts import Forecast
from policies.rules.quotes import Claim

SALT = "orders.quote"
# Long enough to read it and to add funds in another tab, short enough to stand by: suppliers' rates move by the hour.
HOLDS_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown to somebody, for one order, until an instant.

    rate: per 1000 units, or of one package. price: None where no quantity had been given yet. sha256: of the canonical
    JSON of all that was shown, "" without a price.
    """

    id: uuid.UUID
    claim: Claim
    rate: Decimal
    price: Decimal | None
    forecast: Forecast | None
    issued_at: datetime
    expires_at: datetime
    sha256: str

    @property
    def token(self) -> str:
        """Itself as text that only this installation can make."""
        return Signer(salt=SALT).sign_object(canonical.plain(self._fields()), compress=True)

    @property
    def held(self) -> Held:
        """What an order is judged by that is placed at it."""
        return Held(self.rate, self.forecast)

    def row(self, content: Mapping[str, object]) -> dict[str, Any]:
        """Every column of the quote that an order keeps, but the order's id. content: what `sha256` was computed of."""
        return {
            "quote_id": self.id,
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
            "sha256": self.sha256,
            "content": canonical.plain(content),
        }

    def _fields(self) -> dict[str, object]:
        forecast = asdict(self.forecast) if self.forecast else None
        return {**asdict(self), "id": self.id.hex, "forecast": forecast}


def issue(quoted: Quote, *, user_id: int, request: Request, now: datetime) -> Shown:
    """Give out what was judged, for a while. Nothing is written."""
    return Shown(
        id=uuid.uuid4(),
        claim=claim_of(user_id=user_id, request=request),
        rate=quoted.offer.rate,
        price=quoted.price,
        forecast=quoted.terms.forecast if quoted.terms else None,
        issued_at=now,
        expires_at=now + HOLDS_FOR,
        sha256=canonical.digest(content_of(quoted, quoted.terms, request)) if quoted.terms else "",
    )


def read(token: str) -> Shown | None:
    """What a token holds; None for one that is not ours, was altered, or is from before its shape changed."""
    try:
        fields = Signer(salt=SALT).unsign_object(token)
        return Shown(
            id=uuid.UUID(fields["id"]),
            claim=Claim(**fields["claim"]),
            rate=Decimal(fields["rate"]),
            price=None if fields["price"] is None else Decimal(fields["price"]),
            forecast=Forecast(**fields["forecast"]) if fields["forecast"] else None,
            issued_at=datetime.fromisoformat(fields["issued_at"]),
            expires_at=datetime.fromisoformat(fields["expires_at"]),
            sha256=fields["sha256"],
        )
    except (BadSignature, ValueError, KeyError, TypeError):
        return None


def claim_of(*, user_id: int, request: Request) -> Claim:
    """Who asks for what."""
    return Claim(user_id=user_id, service_id=request.service_id, request_hash=request.hash)


def content_of(quoted: Quote, terms: Terms, request: Request) -> dict[str, object]:
    """All that a quote shows, as an order keeps it: reasons as codes with their numbers, and as they were worded.

    The link is in the request's hash alone: the row can never be changed, and a link may have to be erased.
    """
    offer = quoted.offer
    return {
        "service": offer.service_id,
        "name": offer.name,
        "type": offer.type,
        "platform": offer.platform,
        "metric": offer.metric,
        "request_sha256": request.hash,
        "units": quoted.units,
        "rate": offer.rate,
        "price": quoted.price,
        "currency": settings.CURRENCY,
        "plan": _plan(terms),
        "pace_per_hour": offer.pace_per_hour,
        "start_window_hours": offer.start_window_hours,
        "instant": offer.instant,
        "cancel": offer.cancel,
        "tolerance": terms.tolerance,
        "refill": _refill(terms) if offer.refill else None,
        "forecast": asdict(terms.forecast) if terms.forecast else None,
        "expectations": [_stored(reason) for reason in terms.expectations],
        "conditions": [
            {**_stored(condition.reason), "amount": condition.amount, "cause": condition.case.cause}
            for condition in terms.conditions
        ],
        "versions": [
            {"policy": version.policy.slug, "number": version.number, "sha256": version.checksum}
            for version in quoted.versions
        ],
    }


def _plan(terms: Terms) -> dict[str, object]:
    """Evenly spaced, of sizes that differ by one at most: so this is all of it, however many parts there are."""
    first, last = terms.plan.runs[0], terms.plan.runs[-1]
    return {
        "runs": len(terms.plan.runs),
        "largest": max(run.quantity for run in terms.plan.runs),
        "last_after_s": int((last.due_at - first.due_at).total_seconds()),
        "interval_minutes": terms.plan.interval_minutes,
        "chosen": terms.order.drip_interval is not None,
        "daily_cap": terms.order.daily_cap,
    }


def _refill(terms: Terms) -> dict[str, object]:
    return {
        "days": terms.order.refill_days,
        "max": terms.order.refill_max,
        "cap_percent": terms.order.refill_cap_percent,
    }


def _stored(reason: Reason) -> dict[str, object]:
    said = wording.reason(reason)
    return {"clause": reason.clause.id, "finding": reason.finding, "facts": dict(reason.facts), "said": said}
