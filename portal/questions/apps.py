"""What officers ask of retailers, with a due date, and the answers."""

from django.apps import AppConfig


class QuestionsConfig(AppConfig):
    """What officers ask of retailers, with a due date, and the answers."""

    name = "portal.questions"
