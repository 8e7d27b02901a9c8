"""How times, statuses, fields and lists are shown."""

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template.loader import render_to_string

from portal.accounts.templatetags.house import day, duration, tag, when


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (8, "8 s"), (60, "1 min"), (125, "2 min 5 s"), (11_400, "3 h 10 min"), (353_000, "4 d 2 h")],
)
def test_a_duration_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert duration(seconds) == words
    assert duration(timedelta(seconds=seconds)) == words


def test_times_are_the_services_own_whatever_the_clock() -> None:
    summer, winter = datetime(2026, 7, 3, 12, 5, tzinfo=UTC), datetime(2026, 11, 3, 12, 5, tzinfo=UTC)
    assert when(summer) == '<time datetime="2026-07-03T13:05:00+01:00">3 Jul 2026, 13:05</time>'
    assert when(winter) == '<time datetime="2026-11-03T12:05:00+00:00">3 Nov 2026, 12:05</time>'
    assert ">3 Jul 2026<" in day(summer)
    assert "–" in when(None)
    assert duration(None) == "–"


def test_a_tag_escapes_and_chooses_its_tone() -> None:
    assert tag("identified", "Identified") == '<span class="tag good">Identified</span>'
    assert tag("never-heard-of", "<b>") == '<span class="tag neutral">&lt;b&gt;</span>'
    assert tag("identified", "x", "bad") == '<span class="tag bad">x</span>'


class Sample(forms.Form):
    """One field of each kind."""

    goods = forms.CharField(help_text="What was taken")
    note = forms.CharField(required=False)
    kind = forms.ChoiceField(choices=[("a", "One"), ("b", "Two")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="I agree")


def test_a_refused_form_says_what_is_wrong_and_leads_there() -> None:
    form = Sample({})
    page = str(form)
    summary = render_to_string("_errors.html", {"form": form})
    for target in ("id_goods", "id_kind_0", "id_agreed"):
        assert f'id="{target}"' in page
        assert f'href="#{target}"' in summary
    assert "Goods: this field is required." in summary
    assert 'aria-describedby="id_goods_helptext id_goods_error"' in page
    assert 'id="id_goods_helptext"' in page
    assert 'id="id_goods_error"' in page
    assert page.count("(optional)") == 1


def test_a_sound_form_shows_no_summary() -> None:
    form = Sample({"goods": "Razors", "kind": "a", "agreed": "on"})
    assert form.is_valid()
    assert "There is a problem" not in render_to_string("_errors.html", {"form": form})
