"""The mail server for one pass: one connection, opened when it is first needed and again after a failure."""

from contextlib import suppress
from smtplib import SMTPRecipientsRefused

from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

DOWN = (OSError, ImproperlyConfigured)  # smtplib's errors are OSErrors; the second: a mail folder nobody can write to


class Unreachable(Exception):
    """The mail server cannot be spoken to: no message is to blame."""


class Post:
    """Hands messages over, one by one. `EMAIL_TIMEOUT` bounds each step of the conversation."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None

    def send(self, message: EmailMessage) -> None:
        """Hand one message over.

        Raises Unreachable, or whatever this message met; the next one then gets a new connection.
        """
        connection = self._opened()
        try:
            connection.send_messages([message])
        except Exception:
            self.close()  # after a cut, a timeout or a 421 the old one refuses everything
            raise

    def close(self) -> None:
        """End the connection, in whatever state it is."""
        connection, self._connection = self._connection, None
        if connection:
            _close(connection)

    def _opened(self) -> BaseEmailBackend:
        if self._connection is None:
            try:
                connection = mail.get_connection()
            except DOWN as error:
                raise Unreachable(error) from error
            try:
                connection.open()
            except DOWN as error:
                _close(connection)  # half open: it spoke, and then refused the password
                raise Unreachable(error) from error
            self._connection = connection
        return self._connection


def is_final(error: Exception) -> bool:
    """Whether sending the same again cannot help: the server will never take this address, or the headers are unfit.

    A 5xx about the sender or the text is not final: it speaks of the installation, which somebody may mend
    (RFC 5321 section 4.2.1).
    """
    if isinstance(error, SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return isinstance(error, ValueError)


def in_words(error: BaseException) -> str:
    """What went wrong, for staff, on one line: the server's own words where it said some."""
    if isinstance(error, SMTPRecipientsRefused):
        return "; ".join(f"{code} {_text(said)}" for code, said in error.recipients.values())
    code, said = getattr(error, "smtp_code", None), getattr(error, "smtp_error", None)
    if code is not None:
        return f"{code} {_text(said)}"
    return _text(f"{type(error).__name__}: {error}")


def _text(said: object) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.replace("\0", " ").split())


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError):
        connection.close()
