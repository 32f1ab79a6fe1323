"""Who may come in: users, their price group and their API keys. Shape and constraints only."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class CustomerGroup(models.Model):
    """Customers who share a price list. What a group pays: `orders.PriceRule` (decision 19)."""

    name = models.CharField(max_length=60, unique=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users; the address is the name they log in with."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create a customer. email: stored in lower case, as logins compare it."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Create an owner of the installation (`manage.py createsuperuser`)."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person or a reseller's program with one wallet. Staff are users too."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=80, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=10, default="en")
    group = models.ForeignKey(CustomerGroup, models.PROTECT, null=True, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_reason = models.CharField(max_length=200, blank=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
        ]
        permissions = [("suspend_user", "Can suspend and reinstate customers")]

    def __str__(self) -> str:
        return self.email

    @property
    def is_suspended(self) -> bool:
        """Suspended users may read and log in, but neither order nor use the API."""
        return self.suspended_at is not None


class UserEvent(models.Model):
    """What staff did to an account, who did it, when and why. Only ever added to."""

    class Kind(models.TextChoices):
        SUSPENDED = "suspended"
        REINSTATED = "reinstated"

    user = models.ForeignKey(User, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    actor = models.CharField(max_length=40)  # "staff:3"
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} by {self.actor}"


class ApiKey(models.Model):
    """A reseller's key. Only its digest is stored; the key itself is shown once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    prefix = models.CharField(max_length=12)  # what the owner recognises it by
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hex
    label = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.prefix}… of user {self.user_id}"
