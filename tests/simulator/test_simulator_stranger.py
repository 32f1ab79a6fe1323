"""The simulated provider is a stranger to the panel, and keeps its controls to this machine."""

import subprocess
import sys

from orders.simulator.connection import Request
from orders.simulator.journal import Journal
from orders.simulator.payments import Payments
from orders.simulator.provider import Provider
from orders.simulator.server import Server


def test_it_loads_nothing_of_the_panel_and_nothing_installed():
    """Decision 15: it imports nothing of ours, and runs on the standard library alone."""
    program = "import sys; import orders.simulator.__main__; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True).stdout
    ours = [name for name in loaded.split() if name.startswith("orders") and not name.startswith("orders.simulator")]
    assert ours == ["orders"]
    foreign = {"django", "celery", "policies", "wallet", "accounts", "plumbing", "support", "smmpanel", "granian"}
    assert not foreign & set(loaded.split())


def test_its_controls_answer_only_this_machine(tmp_path):
    journal, payments = Journal(tmp_path, seed=1, opening=0), Payments(tmp_path, seed=1)
    server = Server(Provider(journal, key="k", currency="USD", speed=60, request_ids=True), payments)
    request = Request("GET", "/control/counts", {}, {}, keep_alive=False)
    assert server.respond(request, local=False).status == 403
    assert server.respond(request, local=True).status == 200
    journal.close()
    payments.close_file()
