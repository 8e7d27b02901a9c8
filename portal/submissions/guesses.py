"""Does a free text guess who somebody is? A modest set of rules for a gentle question, never for a refusal.

Rates on tests/submissions/sentences.py: `pytest tests/submissions/test_guesses.py -s`.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WORDLISTS = Path(__file__).parent / "wordlists"


def _words(name: str) -> frozenset[str]:
    return frozenset((WORDLISTS / name).read_text(encoding="utf-8").split())


def _either(phrases: list[str]) -> re.Pattern[str]:
    """Any of these phrases, with whatever apostrophe; the longest wins."""
    longest_first = sorted(phrases, key=len, reverse=True)
    alternatives = "|".join(re.escape(one).replace("'", "['’]?") for one in longest_first)
    return re.compile(rf"\b(?:{alternatives})(?!\w)")


# Common first names in the United Kingdom, without ordinary words, months and chains (Will, Mark, Grace).
FIRST_NAMES = _words("first_names.txt")
# Capitalised words that may follow "it is", "called" or "known as" without naming anybody.
ORDINARY = _words("ordinary.txt")
# Shops and brands that begin like a person's name, or stand where one would.
BRANDS = _either((WORDLISTS / "brands.txt").read_text(encoding="utf-8").splitlines())

FREE_TEXTS = (
    "place_in_store", "goods", "weapon", "build", "height", "hair", "clothing", "marks", "direction",
    "vehicle", "method", "prolific", "linked_incidents",
)  # fmt: skip
CAPITAL = r"[A-Z][a-zà-ÿ]+(?:[-'’][A-Z][a-zà-ÿ]+)*"
PERSON = (
    r"(?:males?|females?|m[ae]n|wom[ae]n|lads?|guys?|youths?|girls?|boys?|person|people|gentlem[ae]n|"
    r"lad(?:y|ies)|teenagers?|couple|family|gang|offenders?|kids?)"
)
ORIGIN = (
    r"(?:white|black|asian|south asian|mixed[- ]race|arab|african|caribbean|romanian|polish|albanian|"
    r"irish|roma|gyps(?:y|ies)|traveller|eastern european|european|chinese|indian|pakistani|bangladeshi|"
    r"turkish|somali|nigerian|jamaican|muslim|jewish|christian|hindu|sikh)"
)
HONORIFIC = re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr)\.? (?:[A-Z]\.? )?{CAPITAL}")
# After these words a name follows whatever its case ("aka smiler"), or a capitalised word (in the others).
ALIAS = re.compile(
    r"\b(?i:aka|a\.k\.a\.?|alias|nicknamed|goes by(?: the name(?: of)?)?|"
    r"(?:sur|nick|first |real )?name (?:is|was)|(?:calls|called) (?:him|her|them)sel(?:f|ves)|answers to)"
    r"[ :]+(?:the )?[\"'“‘]?(?P<name>\w[\w'’-]+)"
)
KNOWN = re.compile(
    r"\b(?i:known(?: \w+){0,4}? as|called|named|by the name of|"
    r"(?:i|we|staff) (?:recognised?|know) (?:him|her|them) as)"
    rf"[ :]+[\"'“‘]?(?P<name>{CAPITAL})"
)
IS_WHO = re.compile(
    r"\b(?i:it(?:['’]?s| is| was)|this is|(?:s?he|they)(?:['’](?:s|re)| is| was| are)|believed to be|"
    r"(?:could|might|may|must) be|probably|possibly|looks like|identified as|suspect(?:ed)?(?: is| to be)?)"
    rf" (?:(?i:definitely|probably|possibly|maybe|again|our old friend) )?(?P<name>{CAPITAL})"
)
# The surname is only looked at: the word after "Its" or "Then" is the next one to be asked about.
FIRST_NAME = re.compile(rf"(?<![\w@#-])(?P<name>{CAPITAL})(?=(?P<surname>[ ]{CAPITAL})?)")
OF_STAFF = re.compile(
    r"(?i:\b(?:manager|supervisor|colleague|guard|assistant|cashier|officer|pc|pcso|sgt|witness|leader|security|"
    r"reported (?:by|to)|statement (?:of|from|by)|spoke to|speak to|contact|ask(?: for)?|member|detective|"
    r"owner),? )$"
)
PLACE_AFTER = re.compile(
    r"(?i:^(?:['’]s)? (?:street|road|lane|avenue|square|park|station|centre|way|place|gate|hospital|close|"
    r"arcade|market|college|school|bridge|house|retail|cross|hill|line|terminal)\b)"
)
PLACE_BEFORE = re.compile(r"(?i:\b(?:st|saint|king|queen|prince|princess|port|fort|lake)\.? )$")
OF_PERSON = re.compile(rf"\b{ORIGIN}[ -](?:\w+[ -])?{PERSON}\b", re.IGNORECASE)
LOOKS = re.compile(
    r"\b(?:(?:looks?|looked|appear(?:s|ed)?(?: to be)?|possibly|probably|of|is|was|an?) )+"
    r"(?P<word>asian|muslim|jewish|romanian|albanian|gypsy|eastern european|mixed[- ]race|hindu|sikh|"
    r"(?:african|asian|caribbean|arab|roma) (?:origin|descent|appearance|heritage))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Guess:
    """Words that may say who somebody is ("name"), or what is not asked for ("origin")."""

    kind: str
    words: str

    @property
    def text(self) -> str:
        """The gentle question, for beside the field."""
        if self.kind == "origin":
            return f"“{self.words}”: we do not ask for ethnicity or religion. Please leave it out."
        return f"“{self.words}” may be a name. Do not guess who it is; say what was seen."


def guesses_in(text: str) -> list[Guess]:
    """What in a free text may be a guessed name, or ethnicity or religion; each words once, in order."""
    bare = _without_brands(text)
    found = [(m.start(), Guess("name", m.group(0))) for m in HONORIFIC.finditer(bare) if _no_staff(bare, m)]
    found += [(m.start("name"), Guess("name", m["name"])) for m in ALIAS.finditer(bare)]
    found += [(m.start("name"), Guess("name", m["name"])) for m in _said_to_be(bare)]
    found += [(m.start(), Guess("name", m["name"] + (m["surname"] or ""))) for m in _first_names(bare)]
    found += [(m.start(), Guess("origin", m.group(0))) for m in OF_PERSON.finditer(bare)]
    found += [(m.start("word"), Guess("origin", m["word"])) for m in LOOKS.finditer(bare)]
    return _once([guess for _, guess in sorted(found, key=lambda one: one[0])])


def _without_brands(text: str) -> str:
    """The text with shops and brands blanked out, places kept."""
    return BRANDS.sub(lambda found: "\x00" * len(found.group(0)), text)


def _no_staff(text: str, found: re.Match[str]) -> bool:
    return OF_STAFF.search(text[: found.start()]) is None


def _said_to_be(text: str) -> Iterator[re.Match[str]]:
    for pattern in (KNOWN, IS_WHO):
        for found in pattern.finditer(text):
            if found["name"].lower() not in ORDINARY and not PLACE_AFTER.match(text[found.end("name") :]):
                yield found


def _first_names(text: str) -> Iterator[re.Match[str]]:
    for found in FIRST_NAME.finditer(text):
        before, after = text[: found.start()], text[found.end("name") :]
        is_place = PLACE_AFTER.match(after) or PLACE_BEFORE.search(before)
        if found["name"].lower() in FIRST_NAMES and _no_staff(text, found) and not is_place:
            yield found


def _once(guesses: list[Guess]) -> list[Guess]:
    """Without those whose words stand in another one already."""
    kept: list[Guess] = []
    for guess in guesses:
        if not any(guess.words in other.words or other.words in guess.words for other in kept):
            kept.append(guess)
    return kept


def digest(text: str) -> str:
    """What is kept of a text that somebody looked over."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def unlooked(texts: dict[str, str], looked_at: dict[str, str]) -> dict[str, list[Guess]]:
    """Guesses by field, without texts that somebody looked over as they stand now."""
    found = {
        name: guesses_in(text) for name, text in texts.items() if text and looked_at.get(name) != digest(text)
    }
    return {name: guesses for name, guesses in found.items() if guesses}
