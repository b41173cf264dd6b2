"""Abstract models that more than one app builds on."""

from __future__ import annotations

from django.db import models


class Timestamped(models.Model):
    """Adds when a row was made and last changed."""

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
