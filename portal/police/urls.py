"""Routes under /police/."""

from django.urls import URLPattern

app_name = "police"
urlpatterns: list[URLPattern] = []
