"""Logging in: any case, telling nobody who has an account, limited, with a second factor for staff."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import Outgoing, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]
PASSWORD = "quiet river 42"
LOGIN, SIGNUP = "/accounts/login/", "/accounts/signup/"


@pytest.fixture(autouse=True)
def somewhere_to_go(settings):
    settings.LOGIN_REDIRECT_URL = "home"


@pytest.fixture
def customer():
    return User.objects.create_user("customer@example.test", PASSWORD)


@pytest.fixture
def owner(settings):
    settings.STAFF_MFA_REQUIRED = True
    return User.objects.create_user("owner@example.test", PASSWORD, is_staff=True, is_superuser=True)


def log_in(client, address, password=PASSWORD):
    return client.post(LOGIN, {"login": address, "password": password})


def code(secret):
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def prove_again(client, then):
    """Changing one's second factor asks for the password once more."""
    return client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": then})


def is_logged_in(client):
    return "_auth_user_id" in client.session


class TestPassword:
    @pytest.mark.parametrize("address", ["customer@example.test", "Customer@Example.TEST", " customer@example.test "])
    def test_the_address_counts_in_any_case(self, client, customer, address):
        log_in(client, address)

        assert is_logged_in(client)

    def test_an_address_is_stored_in_lower_case_however_it_was_typed(self, client):
        client.post(SIGNUP, {"email": "New.Person@Example.TEST", "password1": PASSWORD, "time_zone": ""})

        assert User.objects.get().email == "new.person@example.test"

    @pytest.mark.parametrize("length", [255, 300])
    def test_an_address_too_long_to_be_stored_is_refused_at_its_field(self, client, length):
        address = f"{'a' * (length - len('@example.test'))}@example.test"

        answer = client.post(SIGNUP, {"email": address, "password1": PASSWORD, "time_zone": ""})

        assert "at most 254" in answer.context["form"].errors["email"][0]
        assert not User.objects.exists()

    def test_the_longest_possible_address_is_stored_whole(self, client):
        address = f"{'a' * 60}@{'.'.join(['b' * 60] * 3)}.{'c' * 10}"
        assert len(address) == 254

        client.post(SIGNUP, {"email": address, "password1": PASSWORD, "time_zone": ""})

        assert User.objects.get().email == address

    def test_a_user_without_an_at_sign_in_the_address_is_not_valid(self, customer):
        customer.email = "a" * 254

        with pytest.raises(ValidationError, match="email"):
            customer.full_clean()

    @pytest.mark.parametrize("length", [8, 128])
    def test_any_password_of_8_to_128_characters_is_taken(self, client, length):
        client.post(SIGNUP, {"email": "a@example.test", "password1": "é 🗝x" * (length // 4)})

        assert is_logged_in(client)

    @pytest.mark.parametrize("password", ["seven77", "x" * 129, "password123"])
    def test_shorter_longer_and_well_known_ones_are_not(self, client, password):
        answer = client.post(SIGNUP, {"email": "a@example.test", "password1": password})

        assert answer.context["form"].errors["password1"]
        assert not User.objects.exists()

    def test_hashes_are_argon2(self, customer):
        assert customer.password.startswith("argon2$argon2id$")


class TestTimeZone:
    @pytest.mark.parametrize(
        ("sent", "kept"),
        [("Asia/Kolkata", "Asia/Kolkata"), ("Mars/Olympus", "UTC"), ("", "UTC"), ("../etc/passwd", "UTC")],
    )
    def test_a_sign_up_keeps_the_browsers_zone_when_it_is_one(self, client, sent, kept):
        client.post(SIGNUP, {"email": "a@example.test", "password1": PASSWORD, "time_zone": sent})

        assert User.objects.get().time_zone == kept


class TestNobodyLearnsWhoHasAnAccount:
    def test_a_wrong_password_and_an_unknown_address_read_the_same(self, client, customer):
        wrong = log_in(client, customer.email, "not the password").context["form"].errors
        unknown = log_in(client, "nobody@example.test").context["form"].errors

        assert wrong == unknown

    def test_a_password_reset_answers_the_same_and_writes_to_either(self, client, customer):
        """S5: customers reset their own password."""
        answers = [
            client.post("/accounts/password/reset/", {"email": email})
            for email in (customer.email, "nobody@example.test")
        ]

        assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1
        assert [mail.to for mail in Outgoing.objects.order_by("pk")] == [customer.email, "nobody@example.test"]

    def test_where_addresses_are_proved_a_sign_up_does_not_tell_either(self, customer, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        EmailAddress.objects.create(user=customer, email=customer.email, verified=True, primary=True)
        fields = {"password1": PASSWORD, "time_zone": ""}
        answers = [
            Client().post(SIGNUP, {"email": email, **fields}) for email in (customer.email, "nobody@example.test")
        ]

        assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1


class TestLimits:
    def test_after_five_wrong_passwords_the_right_one_is_refused_too(self, client, customer):
        for _ in range(5):
            log_in(client, customer.email, "not the password")
        answer = log_in(client, customer.email)

        assert not is_logged_in(client)
        assert "Too many failed login attempts" in str(answer.context["form"].errors)

    def test_without_those_five_it_is_taken(self, client, customer):
        """The control."""
        for _ in range(4):
            log_in(client, customer.email, "not the password")
        log_in(client, customer.email)

        assert is_logged_in(client)


class TestSecondFactor:
    def test_staff_without_one_are_led_from_the_admin_to_setting_it_up(self, client, owner):
        log_in(client, owner.email)

        for path in ("/admin/", "/admin/accounts/user/"):
            assert client.get(path).headers["Location"] == reverse("mfa_activate_totp")
        assert client.get(reverse("mfa_activate_totp")).headers["Location"].startswith("/accounts/reauthenticate/")
        assert prove_again(client, reverse("mfa_activate_totp")).headers["Location"] == reverse("mfa_activate_totp")
        assert client.get(reverse("mfa_activate_totp")).status_code == 200

    def test_the_rest_of_the_site_stays_open_to_them(self, client, owner):
        log_in(client, owner.email)

        assert client.get("/").status_code == client.get("/account/settings").status_code == 200

    def test_customers_are_not_asked_for_one(self, client, customer, settings):
        settings.STAFF_MFA_REQUIRED = True
        log_in(client, customer.email)

        assert client.get("/account/settings").status_code == 200

    def test_staff_set_one_up_enter_the_admin_and_need_it_at_the_next_login(self, client, owner):
        log_in(client, owner.email)
        prove_again(client, reverse("mfa_activate_totp"))
        secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
        client.post(reverse("mfa_activate_totp"), {"code": code(secret)})

        assert client.get("/admin/").status_code == 200

        again = Client()
        answer = log_in(again, owner.email)
        assert answer.headers["Location"] == reverse("mfa_authenticate")
        assert not is_logged_in(again)
        assert again.get("/admin/").headers["Location"].startswith("/admin/login/")

    def test_a_recovery_code_opens_in_place_of_the_app_once(self, owner):
        TOTP.activate(owner, generate_totp_secret())
        recovery = RecoveryCodes.activate(owner).get_unused_codes()[0]

        for attempt, enters in ((Client(), True), (Client(), False)):
            log_in(attempt, owner.email)
            attempt.post(reverse("mfa_authenticate"), {"code": recovery})
            assert is_logged_in(attempt) is enters

    def test_the_apps_secret_is_not_readable_in_the_database(self, owner):
        secret = generate_totp_secret()
        TOTP.activate(owner, secret)

        assert secret not in str(Authenticator.objects.get(type="totp").data)

    def test_where_it_is_switched_off_staff_enter_and_every_page_says_so(self, client, owner, settings):
        settings.STAFF_MFA_REQUIRED = False
        log_in(client, owner.email)

        assert client.get("/admin/").status_code == 200
        assert b"Second factor for staff is off: demo." in client.get("/").content

    def test_where_it_is_on_no_page_says_so(self, client, owner):
        assert b"Second factor for staff is off" not in client.get("/").content


class TestSettings:
    def test_name_zone_and_language_are_kept(self, client, customer):
        """S8: customers keep their own details."""
        client.force_login(customer)
        answer = client.post("/account/settings", {"name": "Ada", "time_zone": "Asia/Kathmandu", "language": "en"})

        customer.refresh_from_db()
        assert answer.status_code == 302
        assert (customer.name, customer.time_zone) == ("Ada", "Asia/Kathmandu")

    def test_a_zone_that_is_none_is_refused_at_its_field(self, client, customer):
        client.force_login(customer)
        answer = client.post("/account/settings", {"name": "", "time_zone": "Mars/Olympus", "language": "en"})

        assert answer.context["form"].errors["time_zone"]
