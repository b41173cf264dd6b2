"""The organization itself, and working in another one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

import campaigns.operations.organizations
from campaigns.access import SESSION_KEY, organizations_of
from campaigns.models import Organization
from campaigns.roles import Role
from common.admin import OrganizationScopedAdmin, ScopedForm


class OrganizationForm(ScopedForm):
    """The name, the clock and the address of an organization."""

    class Meta:
        model = Organization
        fields = ("name", "slug", "timezone", "postal_address")
        labels = {"timezone": "Time zone", "slug": "Short name"}


@admin.register(Organization)
class OrganizationAdmin(OrganizationScopedAdmin):
    """The organization that is worked in. Only superusers add others; nobody deletes one here."""

    organization_path = "pk"
    form = OrganizationForm
    write_role = Role.ADMIN
    list_display = ("name", "slug", "timezone")
    fieldsets = (
        (None, {"fields": ("name", "slug", "timezone")}),
        (
            "Under every marketing mail",
            {
                "fields": ("postal_address",),
                "description": "The law of most countries asks for it.",
            },
        ),
    )
    add_fieldsets = ((None, {"fields": ("name", "slug", "timezone")}),)

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: Organization | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Return what is filled in while typing: only for a new organization."""
        return {} if obj else {"slug": ("name",)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether another organization may be founded."""
        return bool(request.user.is_active and request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Refuse: it would take every contact and every record with it."""
        return False

    def save_form(self, request: HttpRequest, form: ModelForm[Any], change: Any) -> Organization:
        """Return the organization; a new one is founded here and worked in from now on."""
        organization: Organization = form.save(commit=False)
        if change:
            return organization
        founded = campaigns.operations.organizations.create_organization(
            name=organization.name, slug=organization.slug, timezone=str(organization.timezone)
        )
        request.session[SESSION_KEY] = founded.pk
        return founded

    def get_urls(self) -> list[URLPattern]:
        """Return the routes, with the one that changes the organization worked in."""
        view = self.admin_site.admin_view(require_POST(self.work_in))
        name = "campaigns_organization_work_in"
        return [path("<int:pk>/work-in/", view, name=name), *super().get_urls()]

    def work_in(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Work in another organization from now on."""
        chosen = next((o for o in organizations_of(request.user) if o.pk == pk), None)
        if chosen is None:
            raise Http404("There is no such organization for you.")
        request.session[SESSION_KEY] = chosen.pk
        messages.success(request, f"You now work in {chosen.name}.")
        if getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Redirect": reverse("admin:index")})
        return HttpResponseRedirect(reverse("admin:index"))
