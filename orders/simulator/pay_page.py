"""The sandbox's hosted page, as HTML: what is asked, what came, and a button for each way a payment can go."""

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from pathlib import Path

from orders.simulator.pay_buttons import LATER_SECONDS, another_currency, too_little, too_much
from orders.simulator.payments import Happening, Payment, Standing

STYLES = (Path(__file__).parent / "pay.css").read_bytes()
STYLES_AT = "/pay/pay.css"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. does: what it posts."""

    does: str
    label: str
    effect: str


NO_CHOICES: tuple[list[Choice], list[Choice]] = ([], [])


def page(payment: Payment, *, token: str, now: float, speed: float) -> str:
    """The whole page. token: what its forms carry to show that they are ours."""
    standing = payment.standing(now)
    ahead = next((happening for happening in payment.happenings if happening.at > now), None)
    first, rest = NO_CHOICES if ahead else _choices(payment, standing, wait=round(LATER_SECONDS / speed))
    return PAGE.format(
        amount=_money(payment.total, payment.currency),
        description=escape(payment.description),
        facts="".join(_fact(name, value) for name, value in _facts(payment, standing)),
        said=_said(standing, ahead, now=now),
        first="".join(_button(choice, "first") for choice in first),
        rest=f"<h2>What else can happen</h2>{''.join(map(_button, rest))}" if rest else "",
        token=escape(token),
        back=escape(payment.return_url),
    )


def refusal(text: str) -> str:
    """The page of a request that was refused."""
    return REFUSAL.format(text=escape(text))


def _choices(payment: Payment, standing: Standing, *, wait: int) -> tuple[list[Choice], list[Choice]]:
    """The button that most will want, and the others."""
    if standing.state == "paid":
        return [], _afterwards(standing)
    if standing.state == "dead":
        return [], [Choice("pay", "Pay after all", "the money arrives although this was closed")]
    currency, short = payment.currency, too_little(payment)
    rest = [
        Choice("pay_more", "Pay too much", f"{_money(too_much(payment), currency)} arrive"),
        Choice("pay_foreign", "Pay in another currency", f"{_money(payment.total, another_currency(payment))} arrive"),
        Choice("pay_later", "Pay in a while", f"the money, and word of it, come in {wait} seconds"),
        Choice("close", "Close without paying", "nothing arrives"),
    ]
    if short:
        rest.insert(0, Choice("pay_less", "Pay too little", f"{_money(short, currency)} arrive"))
    return [Choice("pay", f"Pay {_money(payment.total, currency)}", "")], rest


def _afterwards(standing: Standing) -> list[Choice]:
    choices = []
    if standing.left:
        left = _money(standing.left, standing.currency)
        choices += [
            Choice("refund", "Refund", f"the seller sends {left} back"),
            Choice("charge_back", "Charge back", f"the payer's bank takes {left} back"),
        ]
    if standing.disputed:
        held = _money(standing.disputed, standing.currency)
        choices.append(Choice("win_dispute", "Decide for the seller", f"the bank gives {held} back to the seller"))
    return choices


def _facts(payment: Payment, standing: Standing) -> list[tuple[str, str]]:
    sums = [("Received", standing.received), ("Sent back", standing.refunded), ("Charged back", standing.disputed)]
    return [
        ("Reference", payment.reference),
        *((name, _money(amount, standing.currency)) for name, amount in sums if amount),
    ]


def _said(standing: Standing, ahead: Happening | None, *, now: float) -> str:
    if ahead:
        return f"The money is on its way and arrives in {max(1, round(ahead.at - now))} seconds."
    if standing.received and not standing.left:
        return "This was paid, and all of it went back."
    return {"open": "Waiting for your payment.", "paid": "This is paid.", "dead": "This was closed without a payment."}[
        standing.state
    ]


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,} {currency}"


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def _button(choice: Choice, kind: str = "other") -> str:
    effect = f"<small>{escape(choice.effect)}</small>" if choice.effect else ""
    return (
        f'<button class="{kind}" name="do" value="{escape(choice.does)}"><span>{escape(choice.label)}</span>'
        f"{effect}</button>"
    )


HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{styles}">
</head>
<body>
<p class="sandbox"><strong>Sandbox: no money moves.</strong> This page stands in for a payment company.</p>
<main>
"""
PAGE = (
    HEAD.format(title="Sandbox payment", styles=STYLES_AT)
    + """<h1><small>To pay</small> {amount}</h1>
<p>{description}</p>
<dl>{facts}</dl>
<p class="said" role="status">{said}</p>
<form method="post">
<input type="hidden" name="token" value="{token}">
{first}
{rest}
</form>
<p class="back"><a href="{back}">Back to the seller</a></p>
</main>
</body>
</html>
"""
)
REFUSAL = (
    HEAD.format(title="Sandbox payment", styles=STYLES_AT)
    + """<h1>That did not work</h1>
<p>{text}</p>
</main>
</body>
</html>
"""
)
