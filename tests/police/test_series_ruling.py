"""The page of a ruling: both faces, both judgements, what stands against it, and taking it back."""

from django.urls import reverse

from portal.cases.models import Pair
from portal.cases.states import PairState, PairVerdict, Ruling
from tests.cases.acting import judge, link, look_alikes, pair_of
from tests.cases.test_rulings import contradicted
from tests.cast import Cast, client_of


def url_of(pair: Pair) -> str:
    return reverse("police:series-ruling", args=[pair.uid])


def test_a_supervisor_rules_with_both_judgements_in_view(cast: Cast) -> None:
    pair = judge(pair_of(*look_alikes(cast)), cast.facial_reviewer)
    judge(pair, cast.second_reviewer, PairVerdict.DIFFERENT)
    client = client_of(cast.supervisor)
    text = client.get(reverse("police:series-pair", args=[pair.uid])).content.decode()
    assert url_of(pair) in text
    text = client.get(url_of(pair)).content.decode()
    assert text.count("Ears and hairline compared.") == 2
    assert text.count("<img") == 2
    assert client.post(url_of(pair), {"round": 1, "ruling": Ruling.SAME}).status_code == 422
    given = {"round": 1, "ruling": Ruling.SAME, "reason": "The scar"}
    text = client.post(url_of(pair), given, follow=True).content.decode()
    assert "The scar" in text
    assert "Take the ruling back" in text
    assert "The scar" in client.get(url_of(pair)).content.decode()
    client.post(url_of(pair), {"reason": "Not the same scar"})
    pair.refresh_from_db()
    assert pair.state == PairState.UNRESOLVED


def test_what_stands_against_a_link_is_named_and_refused(cast: Cast) -> None:
    pair, mine, theirs, _ = contradicted(cast)
    client = client_of(cast.supervisor)
    split = Pair.objects.get(first=mine, second=theirs)
    assert reverse("police:series-pair", args=[split.uid]) in client.get(url_of(pair)).content.decode()
    answer = client.post(url_of(pair), {"round": 1, "ruling": Ruling.SAME, "reason": "Sure"})
    assert answer.status_code == 422
    assert "and that stays" in answer.content.decode()


def test_a_settled_pair_has_nothing_to_rule_on(cast: Cast) -> None:
    pair = link(*look_alikes(cast), cast)
    answer = client_of(cast.supervisor).get(url_of(pair))
    assert answer["Location"] == reverse("police:series-pair", args=[pair.uid])
    assert client_of(cast.facial_reviewer).get(url_of(pair)).status_code == 403
