"""Changes of a campaign's content and audience that do not undo what others do meanwhile."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.db import transaction
from rest_framework.exceptions import APIException

import campaigns.operations.campaigns
from campaigns.models import Campaign, ContactList, Segment
from campaigns.states import EDITABLE, CampaignState
from common.api.views import changed, store
from common.errors import DomainError

_MANY = ("lists", "segments")


class VersionError(APIException):
    """The caller saw an older version than the stored one."""

    status_code = HTTPStatus.PRECONDITION_FAILED
    default_code = "version_changed"
    default_detail = "Somebody else has changed this campaign. Load it again, then change it."


def edit_campaign(
    campaign: Campaign, given: dict[str, Any], *, versions: frozenset[int] | None
) -> Campaign:
    """Return the campaign as it was stored with the given values, its version one higher.

    A new campaign is made. Raises VersionError when the stored version is none of `versions`
    (None: whichever it is), DomainError once the campaign can no longer be edited.
    """
    sets = {name: given.pop(name) for name in _MANY if name in given}
    with transaction.atomic():
        if campaign.pk is not None:
            campaign = _locked(campaign, versions=versions)
            campaigns.operations.campaigns.require_editable(campaign)
            campaign.version += 1
        store(changed(campaign, given))
        for name, chosen in sets.items():
            getattr(campaign, name).set(chosen)
    return campaign


def delete_campaign(campaign: Campaign, *, versions: frozenset[int] | None) -> None:
    """Delete a campaign that has not gone out. Raises as `edit_campaign`."""
    with transaction.atomic():
        campaign = _locked(campaign, versions=versions)
        if CampaignState(campaign.state) not in EDITABLE:
            raise DomainError(
                "not_deletable",
                f"This campaign is {campaign.state}: it stays as the record of who was mailed.",
            )
        campaign.delete()


def delete_from_audiences(part: ContactList | Segment) -> None:
    """Delete a list or segment, unless a campaign that is not prepared yet reaches people by it.

    Without it that campaign would reach more people than anybody chose.
    """
    name = "lists" if isinstance(part, ContactList) else "segments"
    open_campaigns = Campaign.objects.filter(prepared_at__isnull=True).exclude(
        state=CampaignState.CANCELLED
    )
    with transaction.atomic():
        used = open_campaigns.select_for_update(no_key=True).filter(**{name: part}).first()
        if used is not None:
            raise DomainError(
                "still_used",
                f"The campaign “{used.name}” is to reach people by this. Change that first.",
            )
        part.delete()


def _locked(campaign: Campaign, *, versions: frozenset[int] | None) -> Campaign:
    current = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if versions is not None and current.version not in versions:
        raise VersionError
    return current
