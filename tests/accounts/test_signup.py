"""Sign-up is closed."""

from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from tests.cast import Cast


def test_nobody_signs_up_by_themselves(cast: Cast) -> None:
    before = User.objects.count()
    page = Client().get(reverse("account_signup"))
    given = {
        "email": "new@example.org",
        "password1": "four-unrelated-words",
        "password2": "four-unrelated-words",
    }
    answer = Client().post(reverse("account_signup"), given)
    assert b"by invitation only" in page.content
    assert b"by invitation only" in answer.content
    assert User.objects.count() == before
