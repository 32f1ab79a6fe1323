"""Text as a reader sees it: plain words a blank apart, without markup, disguise or dress, each with its place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from unicodedata import category, name, normalize

BREAK = "|"  # between phrases: the end of a sentence, a line, a bracket, a picture

_MARKUP = re.compile(
    r"<(/?\w{1,10})[^<>]{0,300}>|&(?:amp;)*(#\d{1,7};?|#x[0-9a-f]{1,6};?|[a-z]\w{1,30};)", re.IGNORECASE
)
_BLOCKS = frozenset({"br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "table", "h1", "h2", "h3", "h4", "h5", "h6"})
# Letters that are read as the Latin one below them, in the case in which they look like it.
_LIKE = (
    ("авеёкмнорстухіјѕһԁԛԝьгпԍ", "abeekmhopctyxijshdqwbrng"),  # Cyrillic
    ("αβγεηικμνορτυχωσϲϳ", "abyenikuvoptuxwocj"),  # Greek
    ("ոռսհցգօյակլքւ", "nnuhggojwklpi"),  # Armenian
    ("ᎪᏴᏟᎠᎬᏀᏳᎶᎻᎥᎫᏦᏞᎷᎾᏢᎡᏚᎢᏙᎳᎩᏃ", "abcdeggghijklmoprstvwyz"),  # Cherokee, whose small letters fold to these
    ("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "bpdtgkjczfmnlsrvhwxyaeiou"),  # Lisu
    ("ɡɑɩʟʏıℓøɪ", "gailyiloi"),  # Latin and phonetic
    ("‐–—−", "----"),
)
_LOOK_ALIKES = {"æ": "ae"} | {like: plain for likes, plains in _LIKE for like, plain in zip(likes, plains, strict=True)}
# Capitals of another shape than their small letters: Greek Nu is an N, though nu is read as a v.
_CAPITALS = dict(zip("ΝΗΥΜΖՍՏՕԼՈ", "nhymzusoln", strict=True))
_LETTER = re.compile(r"(?:.+ )?LATIN\b.*\bLETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .+)?")
_STAND_INS = {"@": "a", "$": "s", "0": "o", "1": "i", "3": "e", "4": "a", "5": "s"}
_HUNDRED = re.compile(r"(?<![^\W_])[1il|][0o][0o](?= ?(?:%|per ?cent|pct))")  # "1OO%"
_STANDS_IN = re.compile(r"(?<=[^\W\d_])[@$01345](?=[^\W\d_]{2})")  # inside a word: "gu4ranteed"
_SPACED_OUT = re.compile(r"(?<= )[a-z](?: [a-z]){3,}(?= )")
_HIDING = "'\u2019\u2018`\u00b4*_~^\""  # inside a word these only hide it
_TOKEN = re.compile(
    rf"(?P<word>[^\W\d_]+(?:[{_HIDING}]+[^\W\d_]+)*)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<blank>[ \xa0:=/+\\]+|(?<=\w)[.-](?=[^\W\d])|(?<=[^\W\d])[.-](?=\w))"
    r"|(?P<sign>[%,&]|(?<=\d)-(?=\d)|[❌✖✗✘🚫])"
    r"|(?P<end>.)",
    re.DOTALL,
)
_SIGNS = {"&": "and", "❌": "no", "✖": "no", "✗": "no", "✘": "no", "🚫": "no"}


@dataclass(frozen=True, slots=True)
class Plain:
    """text: lower-case words, numbers, "%", "," and BREAK, a blank apart, with a BREAK at both ends.

    places: for each character of it, where it stands in the original.
    """

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of `text` begins and ends in the original. It has no blank at either end."""
        return self.places[start], self.places[end - 1] + 1


def plain(text: str) -> Plain:
    """Read a text as a person would. Takes time in proportion to its length."""
    spelled, origins = _spelled(text)
    told, places = [BREAK], [0]
    letters = _STANDS_IN.sub(lambda sign: _STAND_INS[sign[0]], _HUNDRED.sub("100", spelled))
    for found in _TOKEN.finditer(letters):
        if found.lastgroup == "blank" or (found.lastgroup == "end" and told[-1] == BREAK):
            continue
        token, kept = _token(found)
        told.append(token)
        places.append(origins[found.start()])  # of the blank before it
        places.extend(origins[at] for at in kept)
    if told[-1] != BREAK or len(told) == 1:
        told.append(BREAK)
        places += [max(len(text) - 1, 0)] * 2
    return _joined(" ".join(told), places)


def _token(found: re.Match[str]) -> tuple[str, Sequence[int]]:
    """A token as it is told, and where each of its letters comes from."""
    token, start = found[0], found.start()
    if found.lastgroup == "end":
        return BREAK, [start]
    if found.lastgroup == "sign":
        told = _SIGNS.get(token, token)
        return told, [start] * len(told)
    kept: Sequence[int] = range(start, found.end())
    if found.lastgroup == "word" and not token.isalpha():
        kept = [at for at, letter in zip(kept, token, strict=True) if letter.isalpha()]
        token = "".join(letter for letter in token if letter.isalpha())
    return token, kept


def _spelled(text: str) -> tuple[str, Sequence[int]]:
    """The letters that show, in lower case, and where each comes from."""
    if text.isascii() and text.isprintable() and not set("<&") & set(text):
        return text.lower(), range(len(text))
    shown = list(_characters(text))
    return "".join(letter for letter, _ in shown), [place for _, place in shown]


def _characters(text: str) -> Iterator[tuple[str, int]]:
    """The characters that show, folded, each with the place of what it came from."""
    done = 0
    for found in _MARKUP.finditer(text):
        yield from _shown(text[done : found.start()], done)
        tag, entity = found.groups()
        seen = _tag(tag) if tag else unescape(f"&{entity}")
        yield from ((letter, found.start()) for letter, _ in _shown(seen, 0))
        done = found.end()
    yield from _shown(text[done:], done)


def _tag(tag: str) -> str:
    """What a tag does to the words around it: it parts them, or it does not show."""
    return "\n" if tag.strip("/").lower() in _BLOCKS else ""


def _shown(text: str, offset: int) -> Iterator[tuple[str, int]]:
    for place, character in enumerate(text, offset):
        for letter in _folded(character):
            yield letter, place


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """A character as its plain lower-case letters; nothing for what does not show."""
    if character in "\n\r\t\u2028\u2029":
        return "\n"
    bare = "".join(_CAPITALS.get(each, each) for each in normalize("NFKD", character) if category(each)[0] not in "MC")
    return "".join(_LOOK_ALIKES.get(each) or _latin(each) for each in bare.casefold())


def folded(words: str) -> str:
    """Words of any language as plain text has them: what is looked for in it is written so."""
    return "".join(map(_folded, words))


def _latin(letter: str) -> str:
    """The Latin letter that one of another style is, such as a small capital or one in a square."""
    named = None if letter.isascii() else _LETTER.fullmatch(name(letter, ""))
    return named[1].lower() if named else letter


def _joined(text: str, places: Sequence[int]) -> Plain:
    """With letters put back together that were spaced out: "r e a l"."""
    kept = [True] * len(text)
    for found in _SPACED_OUT.finditer(text):
        for at in range(found.start() + 1, found.end(), 2):
            kept[at] = False
    if all(kept):
        return Plain(text, tuple(places))
    whole = [(letter, place) for letter, place, keep in zip(text, places, kept, strict=True) if keep]
    return Plain("".join(letter for letter, _ in whole), tuple(place for _, place in whole))
