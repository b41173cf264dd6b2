"""Messages that are sent from the page of a sending IP: the forms, and what is shown of them."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminEmailInputWidget

from campaigns.models import Identity
from common.admin import organization_of
from common.errors import DomainError
from iprouting.models import SendingIP
from sending.admin.words import answer_pill
from sending.operations.routes import Verdict, check_route
from sending.operations.testing import probe
from sending.transports.base import Answer

VERDICTS = {
    Answer.ACCEPTED: "The server took the message.",
    Answer.REFUSED: "The server refused the message for good.",
    Answer.DEFERRED: "The server asks to try again later.",
    Answer.UNREACHED: "The message could not be handed over.",
    Answer.IN_DOUBT: "The message was handed over, but no answer came.",
}

FINDINGS = {Verdict.RIGHT: "good", Verdict.WRONG: "bad", Verdict.UNKNOWN: "warning"}
ROUTE_SECONDS = 15.0  # a person waits in front of the page


class ProbeForm(forms.Form):
    """From whom and to whom a test message goes."""

    to_address = forms.CharField(
        label="To", widget=UnfoldAdminEmailInputWidget(), help_text="A mailbox you can look into."
    )
    from_address = forms.CharField(
        label="From",
        widget=UnfoldAdminEmailInputWidget(),
        help_text="Use an address that this server lets you send from.",
    )


class RouteForm(ProbeForm):
    """From whom and to whom the message goes whose way is looked at."""

    to_address = forms.CharField(
        label="To",
        required=False,
        widget=UnfoldAdminEmailInputWidget(),
        help_text="Leave empty for the IP's own return path domain: there the listener for bounces "
        "takes the message and sees which address it comes from.",
    )


def addresses(request: HttpRequest, ip: SendingIP) -> dict[str, str]:
    """Return what the form begins with: the person's own address, an identity of that stream."""
    identity = Identity.objects.filter(
        organization=organization_of(request), stream=ip.pool.stream
    ).first()
    own = request.user.email if request.user.is_authenticated else ""
    return {"to_address": own, "from_address": identity.from_address if identity else ""}


def probed(ip: SendingIP, form: ProbeForm) -> dict[str, object]:
    """Return what is shown of a test message, which this sends."""
    try:
        dialogue = probe(ip, **form.cleaned_data, clock=timezone.now)
    except DomainError as refused:
        return {"mistake": refused.message}
    answer = dialogue.receipt.answer
    return {"dialogue": dialogue, "answer": answer_pill(answer), "verdict": VERDICTS[answer]}


def checked(ip: SendingIP, form: RouteForm) -> dict[str, object]:
    """Return what is shown of the way that a message took, which this sends."""
    try:
        route = check_route(ip, **form.cleaned_data, seconds=ROUTE_SECONDS, clock=timezone.now)
    except DomainError as refused:
        return {"mistake": refused.message}
    answer = route.dialogue.receipt.answer
    return {
        "dialogue": route.dialogue,
        "answer": answer_pill(answer),
        "verdict": VERDICTS[answer],
        "finding": route.finding,
        "finding_kind": FINDINGS[route.verdict],
    }
