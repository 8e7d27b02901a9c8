"""The reference gallery: custody subjects, their images, templates, and the index over them."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    """What is searched."""

    name = "portal.gallery"

    def ready(self) -> None:
        """What `manage.py check --database default` and `migrate` look at."""
        from portal.gallery import checks  # noqa: F401  (registers itself)
