"""`manage.py check` refuses what cannot work, and with `--deploy` what is only good for a demo."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from smmpanel.checks import check_addresses, check_no_sandbox


def test_pretended_payments_are_refused_where_it_is_no_demo(settings):
    settings.SANDBOX_URL, settings.DEMO = "http://127.0.0.1:8001", False

    with pytest.raises(SystemCheckError, match=r"smmpanel\.E001"):
        call_command("check", "--deploy", "--tag", "security")


@pytest.mark.parametrize(("url", "demo"), [("", False), ("http://127.0.0.1:8001", True), ("", True)])
def test_a_demo_may_have_them_and_everybody_may_lack_them(settings, url, demo):
    settings.SANDBOX_URL, settings.DEMO = url, demo

    assert check_no_sandbox(None) == []


@pytest.mark.parametrize(
    ("name", "address"),
    [("ALARM_EMAIL", "ops"), ("ALARM_EMAIL", "a@example.test, b@example.test"), ("SUPPORT_EMAIL", "")],
)
def test_an_address_that_is_none_is_refused_by_its_name(settings, name, address):
    setattr(settings, name, address)

    with pytest.raises(SystemCheckError, match=name):
        call_command("check")


@pytest.mark.parametrize("alarm", ["", "ops@example.test"])
def test_alarms_go_to_an_address_or_to_nobody(settings, alarm):
    settings.ALARM_EMAIL = alarm

    assert check_addresses(None) == []
