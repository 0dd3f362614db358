"""Texts made comparable: case, accents and punctuation taken away. Deterministic, no dictionary.

Limits: Latin letters only. A name in Cyrillic, Greek or Chinese letters is never the same as its transliteration, and
two transliterations of one name ("Aleksandr", "Alexander") are two names; such pairs are at best similar.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Letters that Unicode does not take apart into a base letter and an accent.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n"}
)
_APOSTROPHES = re.compile("['’‘ʼ`´]")
_GAPS = re.compile(r"[\W_]+")
_DIGRAPHS = re.compile("([aou])e")

_CACHED = 65_536


@lru_cache(maxsize=_CACHED)
def fold(text: str) -> str:
    """Lower-case words with single spaces: "FC Bayern München" -> "fc bayern munchen", "O'Connell" -> "oconnell"."""
    lowered = _decomposed(_decomposed(_APOSTROPHES.sub("", text)).casefold()).translate(_LETTERS)
    bare = "".join(letter for letter in lowered if not unicodedata.combining(letter))
    return _GAPS.sub(" ", bare.replace("&", " and ")).strip()


def words(text: str) -> tuple[str, ...]:
    """The folded words, in order."""
    return tuple(fold(text).split())


def without_digraphs(text: str) -> str:
    """ae, oe and ue as a, o and u: "mueller" and "muller" become alike. Of a folded text."""
    return _DIGRAPHS.sub(r"\1", text)


def _decomposed(text: str) -> str:
    return unicodedata.normalize("NFKD", text)
