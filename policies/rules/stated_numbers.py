"""Which numbers a text states by itself, in digits or in words, beside those that its parameters fill in.

"One ticket", "a while" and "the two of them" count things and are nobody's limit, so a number in words is one only
where a unit follows it: "forty-eight hours", "half a day", "two working weeks".
"""

import re
from itertools import pairwise
from string import Formatter

_WORD = (
    r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|dozen|half|couple|quarter)"
)
_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|fortnights?|months?|years?|percent|per cent|units?|times|characters)"
_LINK = r"(?:[ -]+|[ -]+(?:and|of|a|an)[ -]+)"
_KIND = r"(?:(?:business|working|calendar|whole|full|more|clock)[ -]+)"
_IN_WORDS = re.compile(rf"\b{_WORD}(?:{_LINK}{_WORD}){{0,5}}{_LINK}{_KIND}?{_UNIT}\b|\b(?:twice|thrice)\b", re.I)


def states_number(text: str) -> bool:
    """Whether a number stands in a text outside its braces; in all of it where its braces are broken."""
    return bool(stated_numbers(text))


def stated_numbers(text: str) -> frozenset[str]:
    """Each number that stands outside a text's braces, one in digits with the word that follows it: "30 days"."""
    words = outside_braces(text).casefold()
    tokens = [*re.findall(r"\w+", words), ""]
    in_digits = (f"{one} {after}" for one, after in pairwise(tokens) if any(sign.isnumeric() for sign in one))
    return frozenset({*in_digits, *(found[0] for found in _IN_WORDS.finditer(words))})


def outside_braces(text: str) -> str:
    """A text without what is filled in; all of it where its braces are broken."""
    try:
        return "".join(literal for literal, *_ in Formatter().parse(text))
    except ValueError:
        return text
