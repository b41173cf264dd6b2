"""Public routes of sending: pixel and links, and where others report."""

from django.urls import re_path

from sending import tracking, webhooks

urlpatterns = [
    re_path(r"^t/o/(?P<token>[^/]+)\.gif$", tracking.opened, name="opened"),
    re_path(r"^t/c/(?P<token>[^/]+)/?$", tracking.clicked, name="clicked"),
    re_path(
        r"^hooks/stalwart/(?P<key>[\w-]+)/?$", webhooks.posted_by_stalwart, name="hook_stalwart"
    ),
    re_path(r"^hooks/mail/(?P<key>[\w-]+)/?$", webhooks.posted_mail, name="hook_mail"),
    re_path(
        r"^anymail/(?P<key>[\w-]+)/(?P<esp>[a-z_]+)/tracking/?$",
        webhooks.posted_by_provider,
        name="hook_anymail",
    ),
]
