"""Messages on their way out, written in the transaction of what they tell of. Shape and constraints only."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models.users import User

LONGEST_SUBJECT = 255
LONGEST_ERROR = 500


class Outgoing(models.Model):
    """One message to one address: waiting, sent, or parked because somebody has to look (decision 9, 28).

    Whoever sends it holds a token for as long as its lease lasts. A sent message keeps no text: it may have held a
    link that logs in.
    """

    class Kind(models.TextChoices):
        MAIL = "mail"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.CharField(max_length=200, unique=True)  # what it tells of: queued twice it is one message
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="outgoing")
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=LONGEST_SUBJECT)
    body = models.TextField()
    html = models.TextField(blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    give_up_at = models.DateTimeField()  # the first failure after it parks the message
    tries = models.PositiveIntegerField(default=0)
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)  # by the database's clock
    sent_at = models.DateTimeField(null=True, blank=True)
    parked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=LONGEST_ERROR, blank=True)
    again_at = models.DateTimeField(null=True, blank=True)  # when staff last had a parked one sent again
    again_by = models.CharField(max_length=40, blank=True)  # "staff:3"

    class Meta:
        verbose_name = "outgoing message"
        permissions = [("can_resend_mail", "Can send parked messages again")]
        constraints = [
            models.CheckConstraint(condition=Q(kind="mail"), name="outgoing_kind_is_known"),
            models.CheckConstraint(condition=Q(to=Lower("to")), name="outgoing_address_is_lower_case"),
            models.CheckConstraint(
                condition=~Q(to__regex=r"[\r\n]") & ~Q(subject__regex=r"[\r\n]"), name="outgoing_headers_are_one_line"
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) & ~Q(body="") | Q(sent_at__isnull=False, body="", html=""),
                name="outgoing_text_goes_when_sent",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(parked_at__isnull=True), name="outgoing_ends_one_way"
            ),
            models.CheckConstraint(
                condition=Q(token__isnull=True, lease_until__isnull=True)
                | Q(token__isnull=False, lease_until__isnull=False, sent_at__isnull=True, parked_at__isnull=True),
                name="outgoing_lease_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "due_at", "id"],
                condition=Q(sent_at__isnull=True, parked_at__isnull=True),
                name="outgoing_due",
            ),
            models.Index(fields=["to", "-id"], name="outgoing_to"),
            models.Index(fields=["sent_at"], condition=Q(sent_at__isnull=False), name="outgoing_sent"),
            models.Index(fields=["parked_at"], condition=Q(parked_at__isnull=False), name="outgoing_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} to {self.to}"
