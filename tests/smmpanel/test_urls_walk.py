"""Every address of the site, asked for by every role; one that the table does not know fails (R1, decision 27)."""

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLResolver, get_resolver

from tests.smmpanel.url_table import ROLES, TABLE, Row
from tests.smmpanel.world import World, build

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
POLICY = {
    "default-src 'self'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "object-src 'none'",
    "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'",
}  # fmt: skip
INLINE = {
    "a style element": re.compile(r"<style", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]+\sstyle\s*=", re.IGNORECASE),
    "an event attribute": re.compile(r"<[^>]+\son[a-z]+\s*=", re.IGNORECASE),
    "a script of its own": re.compile(r"<script(?![^>]*(\ssrc=|application/json))", re.IGNORECASE),
    "somebody else's address": re.compile(r"""(src=|action=|<link[^>]+href=)["'](https?:)?//""", re.IGNORECASE),
}
STATUS = {200: "ok", 204: "ok", 400: "invalid", 403: "forbidden", 404: "missing", 405: "method", 422: "invalid"}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Each route as the resolver spells it, without the anchors and the list of apps that grows with the site."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield re.sub(r"(?<=<app_label>)[a-z_|]+", "APPS", route)


def address(row: Row, world: World) -> str:
    path = row.route.removesuffix("$")
    for name, source in row.args.items():
        value = world.value(source)
        path = re.sub(rf"<(?:\w+:)?{name}>", value, path) if f"(?P<{name}>" not in path else _group(path, name, value)
    return f"/{path}"


def _group(path: str, name: str, value: str) -> str:
    return re.sub(rf"\(\?P<{name}>[^)]*\)", value, path)


def word(answer: HttpResponseBase) -> str:
    """What an answer means, in the table's words."""
    if answer.status_code in (301, 302, 303):
        login = answer.headers["Location"].startswith(("/accounts/login/", "/admin/login/"))
        return "login" if login else "away"
    return STATUS.get(answer.status_code, str(answer.status_code))


def faults(answer: HttpResponseBase) -> list[str]:
    """What a strict content policy or a careful browser would object to in an answer (D61: no unsafe word in it)."""
    found = [
        f"{name} is {answer.headers.get(name)}" for name, value in HEADERS.items() if answer.headers.get(name) != value
    ]
    policy = {part.strip() for part in answer.headers.get("Content-Security-Policy", "").split(";") if part.strip()}
    if policy != POLICY:
        found.append(f"the policy differs by {policy ^ POLICY}")
    if "camera=()" not in answer.headers.get("Permissions-Policy", ""):
        found.append("no Permissions-Policy")
    if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
        page = answer.content.decode()
        found += [name for name, pattern in INLINE.items() if pattern.search(page)]
    return found


@pytest.fixture
def world(settings, no_limits, now) -> World:
    settings.STAFF_MFA_REQUIRED = False
    return build(now)


def ask(row: Row, world: World, role: str) -> HttpResponseBase:
    client = Client()
    if role in world.users:
        client.force_login(world.users[role])
    path = address(row, world)
    return client.get(path) if row.post is None else client.post(path, row.post)


def test_the_table_knows_every_address_and_no_other():
    known = [row.route for row in TABLE]

    assert sorted(set(routes(get_resolver())) ^ set(known)) == []
    assert len(known) == len(set(known))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_says_with_secure_headers_and_no_inline_code(world, role):
    wrong = []
    for row in TABLE:
        answer = ask(row, world, role)
        expected, got = row.expected[role], word(answer)
        if got != expected and not (expected == "in" and got in ("ok", "away")):
            wrong.append(f"{row.route}: expected {expected}, got {got} {answer.headers.get('Location', '')}")
        wrong += [f"{row.route}: {fault}" for fault in faults(answer)]

    assert wrong == []


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("<p style='color: red'>", "a style attribute"),
        ("<style>p {}</style>", "a style element"),
        ("<script>x()</script>", "a script of its own"),
        ("<button onclick='x()'>", "an event attribute"),
        ("<script src='//cdn.example/x.js'></script>", "somebody else's address"),
    ],
)
def test_the_walk_sees_inline_code_where_there_is_some(page, fault):
    """The control for the walk above."""
    from django.http import HttpResponse

    assert fault in faults(HttpResponse(page))
