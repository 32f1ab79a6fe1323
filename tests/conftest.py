"""What every test may use. Imports no Django, so that `pytest tests/rules -p no:django` needs none."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from xdist.remote import Producer
    from xdist.scheduler.loadscope import LoadScopeScheduling

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TESTS = Path(__file__).parent
LONGEST_FIRST = ["chaos", "journeys", "embedded", "wallet"]  # so that no process is left alone with one at the end
TOLD = "told"
SHARED = {"journeys"}  # folders whose files share what takes a minute to start
APART = {"chaos"}  # folders whose tests each start all that they use: spread over the processes one by one
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    """Pages under test name static files as they lie in the tree; queries are allowed beside a browser."""
    if config.pluginmanager.hasplugin("django") and os.environ.get("DJANGO_SETTINGS_MODULE"):
        from django.conf import settings

        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
        # Playwright keeps an event loop in this thread to the end; Django would refuse queries beside it.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
        # Between tests the tables are emptied, which the database refuses to whoever does not say so.
        settings.DATABASES["default"]["OPTIONS"]["options"] += " -c smmpanel.may_truncate=on"
        _forget_the_demo(settings)


def _forget_the_demo(settings: Any) -> None:
    """A checkout in which `make run` has left its settings is tested as one without."""
    settings.SANDBOX_URL = settings.SANDBOX_SECRET = ""
    settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"] = ["'self'"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest folders begin."""
    items.sort(key=lambda item: LONGEST_FIRST.index(_folder(item)) if _folder(item) in LONGEST_FIRST else 99)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadScopeScheduling":
    """A file's tests stay in one process, as the servers that it starts do, but for those that share nothing."""
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            folder = Path(file).parent
            if folder.name in APART:
                return nodeid
            return folder.name if folder.name in SHARED else file

    return ByFile(config, log)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something that is read at the end of the run, whether the test passed, and in whichever process it ran."""
    return lambda text: record_property(TOLD, text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests told."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    for report in reports:
        told = [text for name, text in report.user_properties if name == TOLD and report.when == "call"]
        if told:
            terminalreporter.section(report.nodeid)
            terminalreporter.write_line("\n".join(map(str, told)))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(TESTS).parts[0]


@pytest.fixture(autouse=True)
def no_policy_is_about_to_change(request: pytest.FixtureRequest) -> None:
    """Pages remember for a minute what is coming; here they know that nothing is, so that none of them asks.

    A test of what is coming begins with `board.forget()`.
    """
    if not (request.config.pluginmanager.hasplugin("django") and os.environ.get("DJANGO_SETTINGS_MODULE")):
        return
    from policies.reading import board

    board.remember((), since=datetime.min.replace(tzinfo=UTC), until=datetime.max.replace(tzinfo=UTC))


@pytest.fixture
def no_limits(request: pytest.FixtureRequest) -> None:
    """Rate limits count in the cache; a test that logs in often starts from an empty one."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def chromium() -> Iterator["Browser"]:
    """A headless browser for the whole session: Playwright allows one at a time in a process."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("BROWSER JOURNEYS WERE NOT RUN: Chromium is missing (apt-get install -y chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()
