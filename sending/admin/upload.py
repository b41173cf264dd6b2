"""What a person gives with a file of contacts: the list they join, what the columns are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

import campaigns.operations.imports
import campaigns.operations.lists
from campaigns.importing.mapping import ATTRIBUTE, FIELDS, IGNORE, attribute_key
from campaigns.models import ContactList, ImportJob, Organization
from campaigns.operations.imports import NewImport
from campaigns.queries.imports import ImportPreview
from common.admin import organization_of
from common.errors import DomainError
from sending.conf import import_directory

NO_LIST, NEW_LIST = "", "new"
TARGET_WORDS = {
    "email": "E-mail address",
    "first_name": "First name",
    "last_name": "Last name",
    "name": "First and last name together",
    "language": "Language",
    "timezone": "Time zone",
    IGNORE: "Leave out",
}
OWN_ATTRIBUTE = "attribute"


class UploadForm(forms.Form):
    """The file, and where its contacts go."""

    file = forms.FileField(error_messages={"required": "Choose a file first."})
    list = forms.CharField(required=False)
    new_list = forms.CharField(required=False, max_length=200)


def created(request: HttpRequest, given: dict[str, Any]) -> ImportJob:
    """Return the import that was asked for, stored. Raises DomainError."""
    organization = organization_of(request)
    upload = given["file"]
    wanted = NewImport(
        organization=organization,
        file_name=upload.name,
        list=_list_for(organization, given),
        mapping=_mapping_from(request.POST),
        dry_run="dry_run" in request.POST,
        started_by=request.user.get_username(),
    )
    return campaigns.operations.imports.create_import(
        upload, wanted=wanted, directory=import_directory()
    )


def _list_for(organization: Organization, given: dict[str, Any]) -> ContactList | None:
    if given["list"] == NEW_LIST:
        return campaigns.operations.lists.list_named(organization, name=given["new_list"])
    if given["list"] == NO_LIST:
        return None
    chosen = given["list"] if given["list"].isdecimal() else 0
    found = ContactList.objects.filter(organization=organization, pk=chosen).first()
    if found is None:
        raise DomainError("list_unknown", "There is no such list. Choose another.")
    return found


def _mapping_from(posted: QueryDict) -> dict[str, str] | None:
    """Return what was chosen for each column; None when the columns were not shown."""
    chosen = zip(
        posted.getlist("column"),
        posted.getlist("target"),
        posted.getlist("attribute_name"),
        strict=False,
    )
    return {
        column: ATTRIBUTE + attribute_key(name) if target == OWN_ATTRIBUTE else target
        for column, target, name in chosen
    } or None


def mapping_context(found: ImportPreview) -> dict[str, Any]:
    """Return the columns of a file with what each is taken for, as the page shows them."""
    columns = []
    for position, column in enumerate(found.columns):
        target = found.mapping[column]
        own = target.startswith(ATTRIBUTE)
        columns.append(
            {
                "name": column,
                "target": OWN_ATTRIBUTE if own else target,
                "attribute_name": target.removeprefix(ATTRIBUTE) if own else attribute_key(column),
                "samples": [row[position] for row in found.rows],
            }
        )
    choices = [*((field, TARGET_WORDS[field]) for field in FIELDS)]
    choices += [(OWN_ATTRIBUTE, "An attribute of its own"), (IGNORE, TARGET_WORDS[IGNORE])]
    return {"found": found, "columns": columns, "choices": choices}
