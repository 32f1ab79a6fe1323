"""One panel for all journeys, from a fresh clone, and a visitor of it."""

import signal

import pytest

from tests.fresh_clone import FreshClone


@pytest.fixture(scope="session")
def fresh_panel(tmp_path_factory):
    """A clone whose `make run` answers, as a `Running`; afterwards a SIGTERM for make leaves no process behind."""
    clone = FreshClone(tmp_path_factory.mktemp("journeys"))
    running = clone.start("make", "run")
    try:
        yield running.wait_until_it_answers()
    finally:
        if running.popen.poll() is None:
            running.stop(signal.SIGTERM)
        left = clone.left_running()
        clone.remove()
    assert left == []


@pytest.fixture(scope="session")
def running_panel(fresh_panel):
    """What `var/demo.json` holds: url, api_url, simulator_url, customer and staff with their logins."""
    return fresh_panel.clone.demo()


@pytest.fixture
def page(chromium, running_panel):
    """A page of a visitor who has never been here; relative addresses lead to the panel."""
    context = chromium.new_context(base_url=running_panel["url"])
    yield context.new_page()
    context.close()
