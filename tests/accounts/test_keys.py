"""API keys: made once, recognised by digest, revoked for good; the key itself lies nowhere (reliability 4)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from accounts import keys
from accounts.models import ApiKey, User

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def reseller():
    return User.objects.create_user("reseller@example.test")


def every_text_in_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            yield from (row[0] for row in cursor.fetchall())


class TestCreate:
    def test_a_new_key_is_recognised_as_its_owner(self, reseller):
        _, text = keys.create_key(user_id=reseller.pk, label="shop", now=NOON)

        assert keys.authenticate(text, NOON) == reseller

    def test_the_key_itself_is_in_no_table(self, reseller):
        """The prefix is the control: the search finds what is there."""
        key, text = keys.create_key(user_id=reseller.pk, label="shop", now=NOON)
        secret = text.removeprefix(f"{key.prefix}_")
        rows = list(every_text_in_the_database())

        assert not [row for row in rows if secret in row]
        assert [row for row in rows if key.prefix in row]

    def test_two_keys_share_neither_secret_nor_digest(self, reseller):
        made = [keys.create_key(user_id=reseller.pk, label="", now=NOON) for _ in range(5)]

        assert len({text for _, text in made}) == len({key.digest for key, _ in made}) == 5

    def test_an_eleventh_live_key_is_refused_and_a_revoked_one_makes_room(self, reseller):
        made = [keys.create_key(user_id=reseller.pk, label="", now=NOON)[0] for _ in range(keys.MOST_LIVE_KEYS)]
        with pytest.raises(keys.TooManyKeys):
            keys.create_key(user_id=reseller.pk, label="", now=NOON)

        keys.revoke(user_id=reseller.pk, key_id=made[0].pk, now=NOON)

        assert keys.create_key(user_id=reseller.pk, label="", now=NOON)


class TestAuthenticate:
    @pytest.mark.parametrize("wrong", ["", "undefined", "pk_", "pk_abcdefgh_nothing", "\x00", "\ud800", "x" * 100_000])
    def test_what_is_no_key_is_nobody(self, reseller, wrong):
        keys.create_key(user_id=reseller.pk, label="", now=NOON)

        assert keys.authenticate(wrong, NOON) is None

    def test_a_revoked_key_is_nobody(self, reseller):
        key, text = keys.create_key(user_id=reseller.pk, label="", now=NOON)

        assert keys.revoke(user_id=reseller.pk, key_id=key.pk, now=NOON)
        assert keys.authenticate(text, NOON) is None
        assert not keys.revoke(user_id=reseller.pk, key_id=key.pk, now=NOON)

    def test_an_inactive_user_is_nobody(self, reseller):
        _, text = keys.create_key(user_id=reseller.pk, label="", now=NOON)
        User.objects.filter(pk=reseller.pk).update(is_active=False)

        assert keys.authenticate(text, NOON) is None

    def test_a_suspended_user_is_known_so_that_the_caller_can_say_why_not(self, reseller):
        _, text = keys.create_key(user_id=reseller.pk, label="", now=NOON)
        User.objects.filter(pk=reseller.pk).update(suspended_at=NOON)

        assert keys.authenticate(text, NOON).is_suspended

    def test_it_is_one_query_and_writes_the_last_use_once_a_minute(self, reseller, django_assert_num_queries):
        key, text = keys.create_key(user_id=reseller.pk, label="", now=NOON)
        with django_assert_num_queries(2):
            keys.authenticate(text, NOON)
        with django_assert_num_queries(1):
            keys.authenticate(text, NOON + timedelta(seconds=59))
        with django_assert_num_queries(2):
            keys.authenticate(text, NOON + timedelta(seconds=60))

        key.refresh_from_db()
        assert key.seen_at == NOON + timedelta(seconds=60)


class TestRevoke:
    def test_nobody_revokes_a_key_of_somebody_else(self, reseller):
        key, text = keys.create_key(user_id=reseller.pk, label="", now=NOON)
        other = User.objects.create_user("other@example.test")

        assert not keys.revoke(user_id=other.pk, key_id=key.pk, now=NOON)
        assert keys.authenticate(text, NOON) == reseller
        assert ApiKey.objects.get().revoked_at is None
