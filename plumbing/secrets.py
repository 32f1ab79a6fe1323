"""A model field for values that must not lie readable in the database, a log, a traceback or the admin."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute


class SecretUnreadable(Exception):
    """None of the installation's FIELD_KEYS opens this value."""


class Secret:
    """A text that is encrypted while it lies about; only `reveal` gives it away."""

    __slots__ = ("_token",)

    def __init__(self, token: str) -> None:
        self._token = token

    @classmethod
    def of(cls, text: str) -> "Secret":
        """Encrypt a text with the newest of FIELD_KEYS; no text stays no text."""
        return cls(_box().encrypt(text.encode()).decode() if text else "")

    def reveal(self) -> str:
        """Return the text itself. Raises SecretUnreadable when no key fits."""
        try:
            return _box().decrypt(self._token.encode()).decode() if self._token else ""
        except InvalidToken as error:
            raise SecretUnreadable from error

    def sealed(self) -> str:
        """Return what is stored: the text under the newest key, or as it was when no key fits."""
        try:
            return _box().rotate(self._token.encode()).decode() if self._token else ""
        except InvalidToken:
            return self._token

    def __bool__(self) -> bool:
        return bool(self._token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __repr__(self) -> str:
        return "<secret>" if self._token else "<no secret>"


class SecretFormField(forms.CharField):
    """A password box that shows nothing; left empty, it keeps what is stored."""

    widget = forms.PasswordInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class _SecretAttribute(DeferredAttribute):
    """Turns an assigned text into a Secret at once, so that an instance never holds it readable."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


if TYPE_CHECKING:
    _TextField = models.TextField[str | Secret, Secret]  # generic for the type checker only
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """A text column holding Fernet tokens; reads give a `Secret`, assignments take a text or a `Secret`.

    Each save re-encrypts with the newest key, so an old key may go once every row has been saved. Nothing can be
    filtered on it.
    """

    descriptor_class = _SecretAttribute

    def to_python(self, value: Any) -> Secret:
        return value if isinstance(value, Secret) else Secret.of(value or "")

    def from_db_value(self, value: str, *_: Any) -> Secret:
        return Secret(value)

    def get_prep_value(self, value: Any) -> str:
        return self.to_python(value).sealed()

    def get_lookup(self, lookup_name: str) -> None:
        return None  # Django answers FieldError: no two encryptions of a text are alike

    def value_to_string(self, obj: models.Model) -> str:
        return repr(self.value_from_object(obj))

    def formfield(self, *_: Any, **__: Any) -> SecretFormField:
        words = self.help_text or "Leave empty to keep the stored value."
        return SecretFormField(required=False, label=self.verbose_name, help_text=words)

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        if data:
            setattr(instance, self.attname, data)

    def clean(self, value: Any, model_instance: models.Model | None) -> Secret:
        if not value and not self.blank:
            raise forms.ValidationError(self.error_messages["blank"], code="blank")
        return self.to_python(value)


def _box() -> MultiFernet:
    return _box_of(tuple(settings.FIELD_KEYS))


@lru_cache(maxsize=4)
def _box_of(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured("FIELD_KEYS must list Fernet keys, the newest first") from error
