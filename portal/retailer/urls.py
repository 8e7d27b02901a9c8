"""Routes under /retailer/."""

from django.urls import URLPattern

app_name = "retailer"
urlpatterns: list[URLPattern] = []
