"""What `manage.py doctor` looks at: one function a question, each answers in plain lines and changes nothing."""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import Group
from django.core import checks, mail
from django.db import connection
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from accounts.staff import GROUPS
from orders.models import Provider
from plumbing.secrets import SecretUnreadable
from policies.models import PolicyVersion
from smmpanel import beats, health, watching
from smmpanel.ticks import WORK

OLDEST_POSTGRES = 15
SHORTEST_SECRET = 50  # characters, as Django's own check has it
FEWEST_DIFFERENT = 5  # characters of SECRET_KEY, and
FEWEST_BYTES = 16  # different bytes among the 32 of a field key: a random one has about 30


class State(StrEnum):
    """How a line is meant. A note is worth knowing and nothing wrong."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. about: what was looked at."""

    about: str
    state: State
    said: str


Answers = Iterator[tuple[State, str]]


def examine() -> list[Finding]:
    """Ask every question; one that cannot be answered is a problem and hides no other."""
    return [Finding(about, state, said) for about, ask in QUESTIONS.items() for state, said in _answers(ask)]


def _answers(ask: Callable[[], Answers]) -> list[tuple[State, str]]:
    try:
        return list(ask())
    except Exception as error:  # noqa: BLE001  whatever is broken is what a doctor is asked for
        return [(State.PROBLEM, f"could not be looked at: {type(error).__name__}: {error}".strip())]


def _settings() -> Answers:
    """Django's checks and ours, those for deployment too unless this is a demo."""
    found = [each for each in checks.run_checks(include_deployment_checks=not settings.DEMO) if not each.is_silenced()]
    for each in found:
        state = State.PROBLEM if each.level >= checks.WARNING else State.NOTE
        yield state, f"{each.msg} ({each.id})"
    if settings.DEMO:
        yield State.NOTE, "this is a demo: what only a deployment needs was not looked at"
    elif not found:
        yield State.OK, "as a deployment needs them"


def _keys() -> Answers:
    """Keys that somebody could guess, and secrets that no key opens."""
    weak = _weak_keys()
    yield from ((State.PROBLEM, each) for each in weak)
    closed = [provider.name for provider in Provider.objects.order_by("name") if _is_closed(provider)]
    if closed:
        yield State.PROBLEM, f"none of FIELD_KEYS opens the stored key of: {', '.join(closed)}"
    if not weak and not closed:
        yield State.OK, f"SECRET_KEY and {len(settings.FIELD_KEYS)} in FIELD_KEYS are strong and open what is stored"


def _weak_keys() -> list[str]:
    secret, weak = settings.SECRET_KEY, []
    if len(secret) < SHORTEST_SECRET or len(set(secret)) < FEWEST_DIFFERENT:
        weak.append(f"SECRET_KEY is weak: make one of {SHORTEST_SECRET} random characters or more")
    for number, key in enumerate(settings.FIELD_KEYS, 1):
        if len(set(urlsafe_b64decode(key))) < FEWEST_BYTES:
            weak.append(f"key {number} of FIELD_KEYS is not random: make one as .env.example says")
    return weak


def _is_closed(provider: Provider) -> bool:
    try:
        provider.api_key.reveal()
    except SecretUnreadable:
        return True
    return False


def _database() -> Answers:
    version = connection.cursor().connection.server_version // 10000
    state = State.OK if version >= OLDEST_POSTGRES else State.PROBLEM
    yield state, f"PostgreSQL {version}, of which {OLDEST_POSTGRES} is the oldest that will do"


def _clock() -> Answers:
    skew = health.skew_seconds()
    state = State.PROBLEM if skew > health.MOST_SKEW_SECONDS else State.OK
    yield (
        state,
        f"the database's clock differs from ours by {skew:.1f} s, of which {health.MOST_SKEW_SECONDS} s will do",
    )


def _migrations() -> Answers:
    if pending := health.pending_migrations():
        yield State.PROBLEM, f"{len(pending)} to be run by `manage.py migrate`, the first is {pending[0]}"
    else:
        yield State.OK, "none is pending"


def _seed() -> Answers:
    """What `manage.py seed` brings: staff groups and published policies."""
    groups = Group.objects.filter(name__in=GROUPS).count()
    if groups < len(GROUPS) or not PolicyVersion.objects.published().exists():
        yield State.PROBLEM, "groups or policies are missing: run `manage.py seed`"
    else:
        yield State.OK, "staff groups and policies are there"


def _redis() -> Answers:
    """The broker, and whether it throws messages away when it is full."""
    if not settings.BROKER_URL.startswith(("redis:", "rediss:", "unix:")):
        yield State.NOTE, "there is none: messages go through files, and caches lie in the database"
        return
    with Redis.from_url(settings.BROKER_URL, socket_timeout=2, socket_connect_timeout=2) as client:
        try:
            client.ping()
        except RedisError as error:
            yield State.PROBLEM, f"does not answer: {error}. Orders are taken, and nothing is sent until it is back"
            return
        yield State.OK, "answers"
        yield from _eviction(client)


def _eviction(client: Redis) -> Answers:
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
    except RedisError:
        return  # some that are rented do not tell
    if policy not in (None, "noeviction"):
        yield State.PROBLEM, f"maxmemory-policy is {policy}: a full broker must refuse, so set it to noeviction"


def _mail() -> Answers:
    if "filebased" in settings.EMAIL_BACKEND:
        yield State.NOTE, "EMAIL_URL is not set: mail lies in var/mail, and nobody gets any"
    else:
        with mail.get_connection():
            yield State.OK, "the mail server answers"
    if settings.ALARM_EMAIL:
        yield State.OK, f"alarms are mailed to {settings.ALARM_EMAIL}; --alarm sends one for a test"
    else:
        yield State.NOTE, "ALARM_EMAIL is not set: alarms stand on the admin's front page alone"


def _beats() -> Answers:
    if both := beats.two():
        yield State.NOTE, f"two run: {' and '.join(both)}. It does no harm, and one is enough"
    else:
        yield State.OK, "no second one was heard of in ten minutes"


def _work() -> Answers:
    late = [each for each in watching.look(WORK, now=timezone.now()) if each.is_late]
    yield from ((State.PROBLEM, f"the job “{each.name}” is late: {each.state}") for each in late)
    if not late:
        yield State.OK, "no job is late"


QUESTIONS: dict[str, Callable[[], Answers]] = {
    "settings": _settings,
    "keys": _keys,
    "database": _database,
    "clock": _clock,
    "migrations": _migrations,
    "seed": _seed,
    "Redis": _redis,
    "mail": _mail,
    "beat": _beats,
    "work": _work,
}
