"""How ticks travel where there is no Redis (decision 4)."""

from smmpanel import celery


def test_without_redis_messages_are_looked_for_before_they_expire(settings, tmp_path):
    """A message lives one period of its tick; looked for once a second, those of the fast ticks were always too old."""
    settings.BROKER_URL, settings.VAR_DIR = "filesystem://", tmp_path

    options = celery._transport_options()

    assert float(str(options["polling_interval"])) < min(celery.SECONDS.values()) / 2
    assert (tmp_path / "broker" / "control").is_dir()
