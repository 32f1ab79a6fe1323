"""Who acted, as staff know them: by address."""

from collections.abc import Iterable, Mapping

from accounts.models import User


def names_of(actors: Iterable[str]) -> Mapping[str, str]:
    """Actors ("staff:3") by their addresses ("staff anna@…"), in one query."""
    numbered = {actor: actor.partition(":")[2] for actor in actors}
    ids = {actor: int(number) for actor, number in numbered.items() if number.isdecimal()}
    emails = dict(User.objects.filter(pk__in=ids.values()).values_list("pk", "email"))
    known = {actor: f"{actor.partition(':')[0]} {emails[pk]}" for actor, pk in ids.items() if pk in emails}
    return {"system": "the system", **known}
