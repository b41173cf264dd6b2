"""What every page of the admin has in common, whoever may see it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.db.models import DateTimeField, Field, Model, TextField
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget

from common.admin.counting import EstimatingPaginator
from common.admin.forms import ScopedForm
from common.errors import DomainError


class PlainChangeList(ChangeList):  # type: ignore[misc]  # the library is untyped
    """A list that never counts everything there is beside what was asked for."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page."""
        super().get_results(request)
        self.full_result_count = self.result_count


class Base(ModelAdmin):  # type: ignore[misc]  # the library is untyped
    """What scoped and platform-wide pages share."""

    form = ScopedForm
    formfield_overrides = {TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})}}
    paginator = EstimatingPaginator
    list_per_page = 50
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they count the whole table once for every choice
    warn_unsaved_form = True
    empty_value_display = "\N{EN DASH}"
    # What an empty list says, and the words on the button that adds something.
    empty_icon = "inbox"
    empty_title = ""
    empty_text = ""
    add_words = ""

    @property
    def add_label(self) -> str:
        """The words on the button that adds something."""
        return self.add_words or f"Add {self.opts.verbose_name}"

    def get_changelist(self, request: HttpRequest, **_: Any) -> type[PlainChangeList]:
        """Return the class behind the list."""
        return PlainChangeList

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save an object; what an operation refuses is shown in the form again."""
        try:
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            if request.method != "POST":
                return self.refuse(request, refusal)
            request.refusal = refusal  # type: ignore[attr-defined]
            response = super().changeform_view(request, object_id, form_url, extra_context)
        return response  # type: ignore[no-any-return]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show the form, with as few buttons as one needs."""
        shown = {
            "show_save_and_add_another": False,
            "show_save_and_continue": bool(kwargs.get("change")) and context.get("original"),
            **context,
        }
        response: HttpResponse = super().render_change_form(request, shown, *args, **kwargs)
        return response

    def refuse(self, request: HttpRequest, refusal: DomainError) -> HttpResponse:
        """Go back to the list and say there what was refused."""
        self.message_user(request, refusal.message, messages.ERROR)
        opts = self.opts
        return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Return the field of a form; one for a time says on whose clock."""
        field: forms.Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(db_field, DateTimeField):
            zone = timezone.get_current_timezone_name()
            field.help_text = f"{field.help_text} On the clock of {zone}.".strip()
        return field

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        """Return the form, bound to the organization and to what was refused before."""
        form: type[ModelForm[Any]] = super().get_form(request, obj, **kwargs)
        access = getattr(request, "access", None)
        bound = {
            "organization": access.organization if access else None,
            "refusal": getattr(request, "refusal", None),
        }
        return type(form.__name__, (form,), bound)
