"""People of an organization and what they may do; accounts of the installation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

import campaigns.operations.people
from campaigns.models import Membership, User
from campaigns.operations.organizations import KEY_HOLDER_PREFIX
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, PlatformAdmin, ScopedForm, moment, pill, unknown

ROLE_HELP = (
    "A viewer reads everything. An editor also changes contacts, lists, templates and campaigns. "
    "An operator also starts and stops campaigns and looks after sending IPs and suppression. "
    "An administrator also looks after people, API keys and the organization."
)
ROLE_KINDS = {Role.VIEWER: "neutral", Role.EDITOR: "info", Role.OPERATOR: "active"}


class NewMemberForm(ScopedForm):
    """Somebody who is to work in the organization."""

    username = forms.CharField(
        max_length=150,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="The name to log in with; an e-mail address will do. Somebody who has an account "
        "already keeps it.",
    )
    password = forms.CharField(
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="For a new account: tell it to them, they can change it after logging in.",
    )

    class Meta:
        model = Membership
        fields = ("role",)


@admin.register(Membership)
class MembershipAdmin(OrganizationScopedAdmin):
    """Who works in the organization."""

    write_role = Role.ADMIN
    empty_icon = "group"
    empty_title = "Nobody is here yet"
    empty_text = "Add the people who work with this organization."
    add_words = "Add somebody"
    list_display = ("person", "email", "role_shown", "last_login")
    list_select_related = ("user",)
    list_filter = ("role",)
    search_fields = ("user__username", "user__email", "user__first_name", "user__last_name")
    search_help_text = "Search by name or address"
    ordering = ("user__username",)
    readonly_fields = ("person", "email", "last_login")
    fieldsets = (
        (None, {"fields": ("person", "email", "last_login")}),
        ("What they may do", {"fields": ("role",), "description": ROLE_HELP}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("What they may do", {"fields": ("role",), "description": ROLE_HELP}),
    )

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Return the form: for somebody new it also asks for the account."""
        if obj is None:
            kwargs |= {"form": NewMemberForm, "fields": ("role",)}
        return super().get_form(request, obj, **kwargs)

    def save_form(self, request: HttpRequest, form: ModelForm[Any], change: Any) -> Membership:
        """Return the membership; somebody new joins here."""
        membership: Membership = form.save(commit=False)
        if change:
            return membership
        return campaigns.operations.people.add_person(
            membership.organization,
            username=form.cleaned_data["username"],
            password=form.cleaned_data["password"],
            role=Role(membership.role),
        )

    def save_model(
        self, request: HttpRequest, obj: Membership, form: ModelForm[Any], change: Any
    ) -> None:
        """Change the role; somebody must stay who can change roles."""
        if change:
            campaigns.operations.people.change_role(obj, role=Role(obj.role))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Take somebody out of the organization; the account stays."""
        campaigns.operations.people.remove_person(obj)

    @admin.display(description="Person", ordering="user__username")
    def person(self, membership: Membership) -> str:
        """Return the name, or the login where there is none."""
        return membership.user.get_full_name() or membership.user.get_username()

    @admin.display(description="E-mail", ordering="user__email")
    def email(self, membership: Membership) -> str:
        """Return the address."""
        return membership.user.email or unknown("No address is on record")

    @admin.display(description="Role", ordering="role")
    def role_shown(self, membership: Membership) -> SafeString:
        """Return the role as a coloured word."""
        return pill(membership.get_role_display(), ROLE_KINDS.get(Role(membership.role), "good"))

    @admin.display(description="Last here", ordering="user__last_login")
    def last_login(self, membership: Membership) -> SafeString:
        """Return when the person last logged in."""
        return moment(membership.user.last_login)


admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(PlatformAdmin, DjangoUserAdmin):  # type: ignore[misc,type-arg]  # as its library
    """Accounts of everybody on this installation."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_active", "is_superuser", "last_seen")
    list_filter = ("is_active", "is_superuser")
    ordering = ("username",)
    filter_horizontal = ()
    add_fieldsets = ((None, {"fields": ("username", "usable_password", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Account",
            {
                "fields": ("is_active", "is_staff", "is_superuser"),
                "description": "What somebody may do in an organization is said under People. "
                "A superuser may do everything in all of them.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User, User]:
        """Return the accounts of people: every API key has one, too, that nobody logs in with."""
        rows: QuerySet[User, User] = super().get_queryset(request)
        return rows.exclude(username__startswith=KEY_HOLDER_PREFIX)

    @admin.display(description="Last here", ordering="last_login")
    def last_seen(self, user: User) -> SafeString:
        """Return when the person last logged in."""
        return moment(user.last_login)
