"""What this project will never do: automate or fetch a platform, or call out by any door but one (decision 16, X6)."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["smmpanel", "support", "orders", "wallet", "policies", "accounts", "plumbing"]
AUTOMATION = {"selenium", "playwright", "pyppeteer", "puppeteer", "scrapy", "mechanize", "beautifulsoup4", "bs4"}
PLATFORM_CLIENTS = {
    "instaloader",
    "instagrapi",
    "instabot",
    "tweepy",
    "telethon",
    "pyrogram",
    "tiktokapi",
    "yt-dlp",
    "pytube",
}
DISGUISE = {"fake-useragent", "undetected-chromedriver", "pysocks", "stem", "2captcha-python", "faker-useragent"}

NETWORK = {"requests", "urllib3", "http.client", "urllib.request", "socket", "httpx", "aiohttp", "ftplib", "smtplib"}
# The simulator and the embedded services are programs of their own; Celery's Redis and Django's mail are not ours.
OUTSIDE = ("orders/simulator/", "smmpanel/embedded/")
DOOR = "plumbing/"


def runtime_requirements() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return {line.split("==")[0].strip().lower() for line in lines if "==" in line}


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if not str(path.relative_to(ROOT)).startswith(OUTSIDE)]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_dependency_automates_a_platform_or_disguises_activity():
    """X6: delivery is a provider's API, a person, or the simulator."""
    assert not runtime_requirements() & (AUTOMATION | PLATFORM_CLIENTS | DISGUISE)


def test_the_check_reads_the_requirements():
    assert {"django", "celery", "requests"} <= runtime_requirements()


def test_only_plumbing_opens_connections():
    """R21: links are never fetched, because nothing but the guarded door can fetch."""
    callers = {str(path.relative_to(ROOT)) for path in modules() if imported(path) & NETWORK}

    assert {caller for caller in callers if not caller.startswith(DOOR)} == set()
    assert callers, "the check finds no door at all"


def test_the_one_library_with_a_client_of_its_own_is_used_where_it_is_given_ours():
    """X6: `tests/wallet/gateways` shows that it calls out by the guarded door only."""
    users = {str(path.relative_to(ROOT)) for path in modules() if "stripe" in imported(path)}

    assert users == {"wallet/gateways/stripe_checkout.py", "wallet/gateways/stripe_wire.py"}
