"""Whether two clocks run, by what their messages say of who sent them. Harmless, and yet nobody means to have two."""

from django.core.cache import cache

HEARD_BY = "hold"  # the tick whose messages are listened to: one in five seconds is enough
KEY = "beats"
REMEMBERED_SECONDS = 600


def hear(origin: str | None) -> None:
    """Remember who sent a tick's message, where it was another than before. origin: Celery's word for the process."""
    heard = cache.get(KEY, [])
    if origin and heard[-1:] != [origin]:
        heard = [*heard, origin][-3:]
    cache.set(KEY, heard, REMEMBERED_SECONDS)


def two() -> list[str]:
    """The two clocks that take turns, none when there is one. One that was started anew is not heard again."""
    heard = cache.get(KEY, [])
    return sorted(heard[:2]) if len(heard) == 3 and heard[0] == heard[2] else []
