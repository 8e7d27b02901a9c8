"""Guessed names: what is asked about, and how seldom for nothing."""

import pytest

from portal.submissions.guesses import Guess, digest, guesses_in, unlooked
from tests.submissions.sentences import GUESSING, ORDINARY


def test_the_rates_on_sentences_as_reporters_write_them() -> None:
    false_alarms = [(text, guesses_in(text)) for text in ORDINARY if guesses_in(text)]
    missed = [text for text in GUESSING if not guesses_in(text)]
    print(f"\nfalse alarms: {len(false_alarms)} of {len(ORDINARY)}; missed: {len(missed)} of {len(GUESSING)}")
    print(*false_alarms, *missed, sep="\n")
    assert (len(ORDINARY), len(GUESSING)) == (60, 30)
    assert len(false_alarms) <= 3
    assert len(missed) <= 3


@pytest.mark.parametrize(
    ("text", "guess"),
    [
        ("Known as Smiler.", Guess("name", "Smiler")),
        ("It's Dave", Guess("name", "Dave")),
        ("Mrs. Doyle was seen", Guess("name", "Mrs. Doyle")),
        ("Its Kayleigh Sutton from the estate", Guess("name", "Kayleigh")),
        ("Then Dave Miller fills a bag", Guess("name", "Dave Miller")),
        ("Its Smiler again", Guess("name", "Smiler")),
        ("an Asian male ran", Guess("origin", "Asian male")),
    ],
)
def test_the_words_are_quoted(text: str, guess: Guess) -> None:
    assert guesses_in(text) == [guess]
    assert guess.words in guess.text


def test_a_text_looked_over_is_not_asked_about_again_until_it_changes() -> None:
    looked_at = {"method": digest("It's Dave")}
    assert unlooked({"method": "It's Dave", "goods": "tins"}, looked_at) == {}
    assert list(unlooked({"method": "It's Dave again", "goods": "tins"}, looked_at)) == ["method"]


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "a" * 10_000, "it is " * 2_000, "known " * 2_000, "🦊 İ ß"]
)
def test_any_text_is_answered(text: str) -> None:
    assert guesses_in(text) == []
