"""Forms may lead to the pages of the gateways that have their keys, and nowhere else."""

import json
import os
import subprocess
import sys

SHOW = "import json; from smmpanel import settings as s; print(json.dumps(s.CONTENT_SECURITY_POLICY['DIRECTIVES']))"
KEYS = ["STRIPE_SECRET_KEY", "BTCPAY_URL", "SANDBOX_URL"]


def form_action(**keys):
    """What the settings of a process of its own say; settings are read once."""
    environment = {**os.environ, **dict.fromkeys(KEYS, ""), **keys}
    shown = subprocess.run([sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)["form-action"]


def test_without_gateways_forms_lead_to_this_site_only():
    assert form_action() == ["'self'"]


def test_a_form_may_lead_to_a_gateway_with_its_keys():
    """Chromium holds the redirect that answers a form to form-action as well."""
    keys = {"STRIPE_SECRET_KEY": "k", "BTCPAY_URL": "https://pay.example/x/", "SANDBOX_URL": "http://127.0.0.1:8001"}

    assert form_action(**keys) == [
        "'self'",
        "https://checkout.stripe.com",
        "https://pay.example",
        "http://127.0.0.1:8001",
    ]
