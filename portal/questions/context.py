"""The number beside "Tasks" in a retailer's navigation."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.questions.queries import open_questions_to


def tasks(request: HttpRequest) -> dict[str, object]:
    """`open_tasks`: questions that wait for the reader's organisation; counted only where it is shown."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_retailer:
        return {"open_tasks": 0}
    return {"open_tasks": SimpleLazyObject(lambda: open_questions_to(user).count())}
