"""What staff write to a provider's support about a submission without a clear answer: prefilled, to be copied."""

from collections.abc import Sequence

from orders.models import Run
from orders.reading.tries import Try

ASK = """\
Hello,

on {at} UTC we sent you an order through your API (action add) and got no clear answer.

Service:  {service}
Link:     {link}
Quantity: {quantity}
{more}
Did you receive it? If so, please tell us its order number. If not, please confirm that it does not exist.

Thank you."""


def about(run: Run, *, link: str, tries: Sequence[Try]) -> str:
    """The text for one run of an order on a link, by its last try; "" for a run that was never tried."""
    if not tries:
        return ""
    last = tries[-1]
    return ASK.format(
        at=f"{last.attempt.started_at:%Y-%m-%d %H:%M:%S}",
        service=run.provider_service,
        link=link,
        quantity=run.quantity,
        more="".join(f"{line}\n" for line in _more(run, last)),
    )


def _more(run: Run, last: Try) -> list[str]:
    said = []
    if last.attempt.with_request_id:
        said.append(f"Request id sent with it: {run.request_id}")
    if last.spent is not None:
        wave = last.attempt.wave
        said.append(f"Our balance with you: {wave.balance_before} before, {wave.balance_after} after.")
    return said
