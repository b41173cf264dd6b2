"""Public routes of sending: pixel and links."""

from django.urls import re_path

from sending import tracking

urlpatterns = [
    re_path(r"^t/o/(?P<token>[^/]+)\.gif$", tracking.opened, name="opened"),
    re_path(r"^t/c/(?P<token>[^/]+)/?$", tracking.clicked, name="clicked"),
]
