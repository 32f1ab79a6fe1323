"""The adapter for panels that speak API v2 over HTTP, as a client that survives all its dialects."""

import queue
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from orders.providers import wire
from orders.providers.base import (
    AddRequest,
    Answer,
    Balance,
    Cancels,
    Catalogue,
    Failed,
    Found,
    NotFound,
    Refills,
    Report,
    Statuses,
)
from orders.providers.classify import refuses_cancels
from plumbing.outbound import Answered, KeptLine, Outbound
from policies.rules.catalogue import RemoteService

IDS_A_CALL = 100  # documented limit of a multi-status call (api-v2 b.4)
CATALOGUE_SECONDS = 60
CATALOGUE_BYTES = 30_000_000
IDEMPOTENCY_HEADER = "x-smm-idempotency"


@dataclass(frozen=True, kw_only=True)
class ApiV2:
    """One API v2 panel. Deadlines in seconds, each for a whole call, `poll_deadline` for a whole `statuses`."""

    url: str
    key: str = field(repr=False)
    way: Outbound = field(repr=False)
    request_ids: bool
    add_deadline: float
    balance_deadline: float
    poll_deadline: float
    poll_concurrency: int

    def services(self) -> Catalogue | Failed:
        """List everything it sells. Entries that make no sense are named, the others stay usable."""
        answer = self._post({"action": "services"}, deadline=CATALOGUE_SECONDS, most_bytes=CATALOGUE_BYTES)
        listed = wire.parsed(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        if not isinstance(listed, list):
            return Failed(_problem(answer))
        read = [(place, row, _service(row)) for place, row in enumerate(listed)]
        unreadable = [_name(row, place) for place, row, service in read if service is None]
        return Catalogue(services=[service for _, _, service in read if service], unreadable=unreadable)

    def add(self, request: AddRequest) -> Answer:
        """Submit once, over a fresh connection."""
        form = {**request.fields, "action": "add", "service": request.provider_service}
        if request.link:
            form["link"] = request.link
        if request.quantity is not None:
            form["quantity"] = str(request.quantity)
        if self.request_ids:
            form["request_id"] = request.request_id
        return self._post(form, deadline=self.add_deadline)

    def statuses(self, ids: Sequence[int]) -> Statuses:
        """Ask about many orders, 100 a call, `poll_concurrency` calls at once."""
        waiting: queue.SimpleQueue[Sequence[int]] = queue.SimpleQueue()
        for start in range(0, len(ids), IDS_A_CALL):
            waiting.put(ids[start : start + IDS_A_CALL])
        until = time.monotonic() + self.poll_deadline
        workers = min(self.poll_concurrency, waiting.qsize())
        if workers <= 1:
            return _joined([self._ask_each(waiting, until)])
        with ThreadPoolExecutor(max_workers=workers) as pool:
            return _joined(pool.map(lambda _: self._ask_each(waiting, until), range(workers)))

    def cancel(self, ids: Sequence[int]) -> Cancels:
        """Ask to cancel orders (api-v2 b.7): a list of answers, or one error for all of them."""
        answer = self._post({"action": "cancel", "orders": ",".join(map(str, ids))}, deadline=self.balance_deadline)
        said = wire.parsed(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        if isinstance(said, list):
            return _cancels(said, frozenset(ids))
        error = wire.error_of(said) if isinstance(said, dict) else None
        if error and refuses_cancels(error):
            return Cancels(declined=dict.fromkeys(ids, error))
        return Cancels(problem=_problem(answer))

    def refill(self, ids: Sequence[int]) -> Refills:
        """Ask to refill orders (api-v2 b.5): a list of answers, or one error for all of them."""
        answer = self._post({"action": "refill", "orders": ",".join(map(str, ids))}, deadline=self.balance_deadline)
        said = wire.parsed(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        return _refills(said, frozenset(ids)) if isinstance(said, list) else Refills(problem=_problem(answer))

    def refill_words(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """How far refills are (api-v2 b.6)."""
        form = {"action": "refill_status", "refills": ",".join(map(str, numbers))}
        answer = self._post(form, deadline=self.balance_deadline)
        said = wire.parsed(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        rows = [row for row in said if isinstance(row, dict)] if isinstance(said, list) else []
        words = {wire.order_id(row.get("refill")): row.get("status") for row in rows}
        return {number: word for number in numbers if isinstance(word := words.get(number), str)}

    def find(self, request_id: str) -> Found | NotFound | Failed:
        """Ask whether a submission arrived.

        A panel without request ids answers "Incorrect order ID" to anything, so a "no" counts only from one that still
        advertises them at this moment.
        """
        answer = self._post({"action": "status", "request_id": request_id}, deadline=self.balance_deadline)
        said = wire.object_of(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        if said is None:
            return Failed(_problem(answer))
        error, provider_order_id = wire.error_of(said), wire.order_id(said.get("order"))
        if provider_order_id is not None and not said.get("error"):
            return Found(provider_order_id, said)
        if error is None or error.lower().rstrip(".") != "incorrect order id" or "order" in said:
            return Failed(_problem(answer))
        balance = self.balance()
        kept = isinstance(balance, Balance) and balance.request_ids
        return NotFound() if kept else Failed("request ids are not advertised")

    def balance(self) -> Balance | Failed:
        """Ask what is left of our money there, and whether request ids are offered."""
        answer = self._post({"action": "balance"}, deadline=self.balance_deadline)
        said = wire.object_of(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        amount = wire.amount(said.get("balance")) if said and not said.get("error") else None
        if said is None or amount is None or not isinstance(answer, Answered):
            wait = wire.retry_after(answer.headers) if isinstance(answer, Answered) else None
            return Failed(_problem(answer), retry_after_s=wait)
        offered = answer.headers.get(IDEMPOTENCY_HEADER, "").strip().lower() == "request_id"
        return Balance(amount=amount, currency=wire.text(said.get("currency"), most=3), request_ids=offered)

    def _post(
        self, form: Mapping[str, str], *, deadline: float, most_bytes: int = 1_000_000, line: KeptLine | None = None
    ) -> Answer:
        answer = self.way.post(
            self.url, form={**form, "key": self.key}, deadline=deadline, most_bytes=most_bytes, line=line
        )
        if self.key and isinstance(answer, Answered) and self.key.encode() in answer.body:
            return Answered(answer.status, answer.headers, answer.body.replace(self.key.encode(), b"[key]"))
        return answer

    def _ask_each(self, waiting: queue.SimpleQueue[Sequence[int]], until: float) -> list[Statuses]:
        """Take chunks as long as there are any, over one connection."""
        line, parts = KeptLine(), []
        try:
            while True:
                parts.append(self._ask(waiting.get_nowait(), until, line))
        except queue.Empty:
            return parts
        finally:
            line.close()

    def _ask(self, ids: Sequence[int], until: float, line: KeptLine) -> Statuses:
        left = until - time.monotonic()
        if left <= 0:
            return Statuses({}, failed=frozenset(ids), problem="timeout")
        form = {"action": "status", "orders": ",".join(map(str, ids))}
        answer = self._post(form, deadline=left, line=line)
        said = wire.object_of(answer.body) if isinstance(answer, Answered) and answer.status == 200 else None
        if said is None or "error" in said:
            return Statuses({}, failed=frozenset(ids), problem=_problem(answer))
        return Statuses({number: _report(said[str(number)]) for number in ids if str(number) in said})


def _joined(parts: Iterable[list[Statuses]]) -> Statuses:
    flat = [part for some in parts for part in some]
    reports: dict[int, Report] = {}
    for part in flat:
        reports.update(part.reports)
    failed = frozenset().union(*(part.failed for part in flat))
    return Statuses(reports, failed=failed, problem=next((part.problem for part in flat if part.problem), ""))


def _cancels(said: Sequence[object], asked: frozenset[int]) -> Cancels:
    """Of each order that was asked about: 1, or an object with an error. Anything else is no answer."""
    accepted, declined = set(), {}
    for each in said:
        row = each if isinstance(each, dict) else {}
        number, answer = wire.order_id(row.get("order")), row.get("cancel")
        if number not in asked:
            continue
        if error := wire.error_of(answer) if isinstance(answer, dict) else None:
            declined[number] = error
        elif str(answer) in ("1", "True"):
            accepted.add(number)
    return Cancels(frozenset(accepted - declined.keys()), declined, problem="nothing about some")


def _refills(said: Sequence[object], asked: frozenset[int]) -> Refills:
    """Of each order that was asked about: a number for its refill, or an object with an error."""
    taken, declined = {}, {}
    for each in said:
        row = each if isinstance(each, dict) else {}
        order, answer = wire.order_id(row.get("order")), row.get("refill")
        if order not in asked:
            continue
        if error := wire.error_of(answer) if isinstance(answer, dict) else None:
            declined[order] = error
        elif (number := wire.order_id(answer)) is not None:
            taken[order] = number
    return Refills({order: number for order, number in taken.items() if order not in declined}, declined, "no answer")


def _report(raw: object) -> Report:
    """The object as it came; some panels put a bare text where an order is not theirs."""
    return raw if isinstance(raw, dict) else {"error": raw}


def _problem(answer: Answer) -> str:
    """Why an answer was no use: our word, or the text the provider gave."""
    if not isinstance(answer, Answered):
        return answer.problem.value
    said = wire.object_of(answer.body)
    error = wire.error_of(said) if said else None
    if error:
        return error
    return "wrong shape" if answer.status == 200 else f"http_{answer.status}"


def _service(row: object) -> RemoteService | None:
    """One row of the list, None when an essential field is missing or impossible."""
    if not isinstance(row, dict):
        return None
    number, rate = wire.order_id(row.get("service")), wire.amount(row.get("rate"))
    name, category = wire.text(row.get("name"), most=255), wire.text(row.get("category"), most=120)
    least, most = wire.count(row.get("min")), wire.count(row.get("max"))
    if number is None or rate is None or rate < 0 or not name or least is None or most is None:
        return None
    return RemoteService(
        provider_service=str(number),
        name=name,
        category=category or "Other",
        type=wire.text(row.get("type"), most=32) or "Default",
        rate=rate,
        min=least,
        max=most,
        refill=wire.flag(row.get("refill")),
        refill_days=wire.count(row.get("refill_days")),
        cancel=wire.flag(row.get("cancel")),
        dripfeed=wire.flag(row.get("dripfeed")),
        description=wire.text(row.get("desc") or row.get("description"), most=5000),
        average_minutes=wire.count(row.get("average_time")),
        platform=wire.text(row.get("platform"), most=40).lower(),
        metric=wire.text(row.get("metric"), most=40).lower(),
        pace=wire.count(row.get("pace")),
    )


def _name(row: object, place: int) -> str:
    """How to point at an entry that makes no sense."""
    said = row.get("service") if isinstance(row, dict) else None
    return str(said)[:40] if isinstance(said, str | int) else f"entry {place + 1}"
