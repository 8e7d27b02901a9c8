"""The Django project: what retailers, officers and oversight use.

Loading the Celery application here makes it the default one in every process,
live-server threads of the tests included.
"""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
