"""A secret is readable only by asking for it (reliability section 4, ASVS 13.3)."""

import pickle
from pprint import pformat

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models
from django.forms import modelform_factory

from plumbing.secrets import EncryptedTextField, Secret, SecretUnreadable

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
KEY = "upstream-key-123"


class Vault(models.Model):
    """A model of these tests only; it has no table."""

    label = models.CharField(max_length=20)
    key = EncryptedTextField(blank=True)

    class Meta:
        app_label = "plumbing"
        managed = False

    def __str__(self) -> str:
        return self.label


@pytest.fixture(autouse=True)
def keys(settings):
    settings.FIELD_KEYS = [OLD]


def stored(vault):
    return Vault._meta.get_field("key").get_prep_value(vault.key)


def test_what_is_stored_hides_the_text_and_reads_back():
    token = stored(Vault(key=KEY))
    assert KEY not in token
    assert Vault._meta.get_field("key").from_db_value(token, None, None).reveal() == KEY


def test_nothing_that_prints_an_instance_shows_the_secret():
    vault = Vault(label="a", key=KEY)
    shown = [repr(vault), pformat(vars(vault)), str(vault.key), f"{vault.key}", repr(pickle.dumps(vault.key))]
    shown.append(Vault._meta.get_field("key").value_to_string(vault))
    assert not [text for text in shown if KEY in text]


def test_no_text_stays_empty_and_is_false():
    assert stored(Vault()) == ""
    assert not Vault().key
    assert Vault().key.reveal() == ""


def test_an_older_key_still_opens_and_the_next_save_uses_the_newest(settings):
    token = stored(Vault(key=KEY))
    settings.FIELD_KEYS = [NEW, OLD]
    renewed = Secret(token).sealed()
    settings.FIELD_KEYS = [NEW]
    assert Secret(renewed).reveal() == KEY
    with pytest.raises(SecretUnreadable):
        Secret(token).reveal()


def test_a_lost_key_breaks_only_the_reveal(settings):
    token = stored(Vault(key=KEY))
    settings.FIELD_KEYS = [NEW]
    assert repr(Secret(token)) == "<secret>"
    assert Secret(token).sealed() == token


def test_a_broken_key_is_named_without_being_shown(settings):
    settings.FIELD_KEYS = ["short"]
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS") as refusal:
        Secret.of(KEY)
    assert "short" not in str(refusal.value)


def test_a_form_shows_nothing_and_an_empty_box_keeps_what_is_stored():
    vault = Vault(label="a", key=KEY)
    form_class = modelform_factory(Vault, fields=["label", "key"])
    assert KEY not in form_class(instance=vault).as_p()
    kept = form_class({"label": "b", "key": ""}, instance=vault)
    assert kept.is_valid()
    assert kept.changed_data == ["label"]
    assert kept.save(commit=False).key.reveal() == KEY


def test_a_form_replaces_the_secret():
    vault = Vault(label="a", key=KEY)
    form = modelform_factory(Vault, fields=["label", "key"])({"label": "a", "key": "other"}, instance=vault)
    assert form.is_valid()
    assert form.save(commit=False).key.reveal() == "other"
    assert "other" not in form.as_p()


def test_it_cannot_be_filtered_on():
    with pytest.raises(FieldError):
        Vault.objects.filter(key=KEY)


def test_equal_texts_are_equal_secrets_though_no_two_tokens_are():
    one, two = Secret.of(KEY), Secret.of(KEY)
    assert one == two
    assert len({one, two}) == 1
    assert one.sealed() != two.sealed()
