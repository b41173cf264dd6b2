"""Writes of who works in an organization, and as what."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from campaigns.models import Membership, Organization, User
from campaigns.roles import Role
from common.errors import DomainError


def add_person(
    organization: Organization, *, username: str, password: str, role: Role
) -> Membership:
    """Return the membership of a person, whose account is made if there is none yet.

    An account that exists keeps its password. Raises DomainError when the person is a member
    already, or a new account would have no or too weak a password.
    """
    with transaction.atomic():
        user = User.objects.filter(username=username).first()
        if user is None:
            user = _new_account(username, password)
        elif Membership.objects.filter(organization=organization, user=user).exists():
            raise DomainError(
                "member_already", "This person is here already.", {"field": "username"}
            )
        return Membership.objects.create(organization=organization, user=user, role=role.value)


def change_role(membership: Membership, *, role: Role) -> None:
    """Give a person another role. Raises DomainError when nobody could change roles any more."""
    with transaction.atomic():
        _require_other_administrator(membership, still=role is Role.ADMIN)
        Membership.objects.filter(pk=membership.pk).update(role=role.value)
    membership.role = role.value


def remove_person(membership: Membership) -> None:
    """Take a person out of the organization; the account stays. Raises as `change_role` does."""
    with transaction.atomic():
        _require_other_administrator(membership, still=False)
        membership.delete()


def _require_other_administrator(membership: Membership, *, still: bool) -> None:
    """Raise DomainError when the only administrator would stop being one."""
    administrators = Membership.objects.select_for_update().filter(
        organization=membership.organization_id, role=Role.ADMIN
    )
    others = [one for one in administrators if one.pk != membership.pk]
    was = any(one.pk == membership.pk for one in administrators)
    if was and not still and not others:
        raise DomainError(
            "last_administrator",
            "This is the only administrator. Make somebody else one first.",
            {"field": "role"},
        )


def _new_account(username: str, password: str) -> User:
    user = User(username=username, is_staff=True, email=username if _is_email(username) else "")
    try:
        user.username_validator(username)
    except ValidationError as error:
        raise DomainError("username_invalid", error.messages[0], {"field": "username"}) from error
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise DomainError(
            "password_weak", " ".join(error.messages), {"field": "password"}
        ) from error
    user.set_password(password)
    user.save()
    return user


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
