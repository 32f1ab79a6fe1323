"""Programs that order by API v2, and ask until they have an answer, while what answers them dies and comes back."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from threading import Event, Lock, Thread

import requests

QUANTITY = 100
TWICE_AT_ONCE = 10  # every tenth request is sent by two at the same time, as a double click does
ENDINGS = {10: "partial:0.5", 25: "canceled"}  # how every tenth and every twenty-fifth order goes
ANSWER_SECONDS = 20
PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5


def link(number: int) -> str:
    """Where an order goes, each to a link of its own, which also tells the simulator how it is to end."""
    ending = next((f"?sim={how}" for every, how in ENDINGS.items() if number % every == every - 1), "")
    return f"https://instagram.com/p/chaos{number}{ending}"


class Clients:
    """One thread a client; orders are shared out evenly. told: the order numbers that each request was answered with.

    retries: requests sent again, since nobody knows what became of them. refused: answers that say no.
    """

    def __init__(self, url: str, keys: Sequence[str], *, service_id: int, orders: int) -> None:
        self.url, self.service_id = f"{url}/api/v2", service_id
        self.told: dict[str, set[int]] = defaultdict(set)
        self.refused: list[str] = []
        self.retries = 0
        self.sent_upstream = 0  # kept up to date by whoever watches the provider
        self._headroom = 2 * len(keys)  # so far are they ahead of the provider: some order whenever something dies
        self._lock, self._stop = Lock(), Event()
        shares = {key: range(number, orders, len(keys)) for number, key in enumerate(keys)}
        self._threads = [Thread(target=self._order, args=[key, share], daemon=True) for key, share in shares.items()]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Give up what has no answer yet."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _order(self, key: str, numbers: range) -> None:
        for number in numbers:
            self._wait_for_the_provider()
            asked = self._request(key, number)
            twins = [Thread(target=self._insist, args=[asked]) for _ in range(1 + (number % TWICE_AT_ONCE == 0))]
            for twin in twins:
                twin.start()
            for twin in twins:
                twin.join()

    def _wait_for_the_provider(self) -> None:
        """As long as it is far behind, but not for what it may never get."""
        end = time.monotonic() + LONGEST_PAUSE_SECONDS
        while len(self.told) - self.sent_upstream > self._headroom and time.monotonic() < end:
            time.sleep(0.05)

    def _request(self, key: str, number: int) -> dict[str, object]:
        return {
            "key": key,
            "action": "add",
            "service": self.service_id,
            "link": link(number),
            "quantity": QUANTITY,
            "request_id": f"chaos-{number}",
        }

    def _insist(self, asked: Mapping[str, object]) -> None:
        """Ask until somebody answers with an order or a no. The request's own id makes that safe."""
        while not self._stop.is_set():
            answer = self._answer(asked)
            if answer is not None:
                with self._lock:
                    if "order" in answer:
                        self.told[str(asked["request_id"])].add(int(answer["order"]))
                    else:
                        self.refused.append(str(answer))
                return
            with self._lock:
                self.retries += 1
            time.sleep(PAUSE_SECONDS)

    def _answer(self, asked: Mapping[str, object]) -> dict[str, str] | None:
        """The answer, or None where there is none, or one that says "later"."""
        try:
            response = requests.post(self.url, asked, timeout=ANSWER_SECONDS)
            later = response.status_code == 429 or response.status_code >= 500
            return None if later else dict(response.json())
        except (requests.RequestException, ValueError):
            return None
