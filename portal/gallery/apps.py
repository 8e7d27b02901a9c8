"""The reference gallery: custody subjects, their images, templates, and the index over them."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    """What is searched."""

    name = "portal.gallery"
