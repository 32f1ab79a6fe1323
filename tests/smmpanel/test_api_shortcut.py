"""Calls under /api/ bring a key and no cookie: nothing that belongs to pages runs for them (decision 19)."""

import pytest
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import path

from accounts.models import User
from smmpanel.urls import urlpatterns as real_patterns


def echo(request):
    return JsonResponse({"user": hasattr(request, "user"), "session": hasattr(request, "session")})


def page(request):
    return HttpResponse(str(request.user))


urlpatterns = [*real_patterns, path("api/echo", echo), path("page", page)]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def with_cookie(client):
    """A browser that is logged in, so that there would be a session to read."""
    client.force_login(User.objects.create_user("customer@example.test"))
    return client


@pytest.fixture
def strict():
    """A client that Django does not spare its CSRF check."""
    return Client(enforce_csrf_checks=True)


def test_a_call_reads_no_session_even_when_a_cookie_comes_with_it(with_cookie, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = with_cookie.post("/api/echo")

    assert answer.json() == {"user": False, "session": False}


def test_a_page_does_read_it(with_cookie, django_assert_num_queries):
    """The control: the same cookie costs a page its two queries."""
    with django_assert_num_queries(2):
        assert with_cookie.get("/page").content == b"customer@example.test"


def test_a_call_needs_no_csrf_token_and_gets_no_cookie(strict):
    answer = strict.post("/api/echo")

    assert answer.status_code == 200
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_page_does_need_a_csrf_token(strict):
    assert strict.post("/page").status_code == 403


def test_a_call_gets_the_secure_headers_and_its_length(client):
    answer = client.get("/api/echo")

    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Content-Length"] == str(len(answer.content))


def test_an_unknown_call_is_answered_in_json(client):
    answer = client.get("/api/nothing")

    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


@pytest.mark.parametrize("address", ["/api/echo", "/page"])
def test_a_host_that_is_not_ours_is_refused(client, address):
    assert client.get(address, headers={"host": "evil.example"}).status_code == 400
