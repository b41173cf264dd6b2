"""Public routes: unsubscribing and preferences, with and without a slash at their end."""

from django.urls import re_path

from suppression import pages

urlpatterns = [
    re_path(r"^u/(?P<token>[^/]+)/?$", pages.unsubscribe, name="unsubscribe"),
    re_path(r"^p/(?P<token>[^/]+)/?$", pages.preferences, name="preferences"),
]
