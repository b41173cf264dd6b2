"""The demo's templates, and its two campaigns: one ready to start, one still being written."""

from __future__ import annotations

from dataclasses import dataclass

import campaigns.operations.templates
from campaigns.models import Campaign, Organization, Template, TemplateFormat
from sandbox.demo import shop
from sandbox.operations.audience import Audience
from sandbox.operations.senders import Identities


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates that campaigns of the demo are built from."""

    newsletter: Template
    product_news: Template


def make_templates(organization: Organization) -> Templates:
    """Return the templates; a third one, for orders, is for transactional mail."""
    save = campaigns.operations.templates.save_template
    save(
        Template(
            organization=organization,
            name="Order confirmation",
            subject="Your order {{ data.number }}",
            source=shop.content("order.html"),
            text=shop.content("order.txt"),
            inline_css=False,
        )
    )
    return Templates(
        newsletter=save(
            Template(
                organization=organization,
                name="Newsletter",
                format=TemplateFormat.MJML,
                subject="{% if contact.first_name != '' %}{{ contact.first_name }}, the{% else %}"
                "The{% endif %} winter roast is here",
                preheader="Dark cherry, walnut, a little smoke. And a tea for the long evenings.",
                source=shop.content("newsletter.mjml"),
            )
        ),
        product_news=save(
            Template(
                organization=organization,
                name="Product news",
                subject="The hand grinder is back",
                preheader="New burrs, a lid that stays on, and it fits into the press.",
                source=shop.content("product_news.html"),
            )
        ),
    )


def make_campaigns(
    organization: Organization, *, identities: Identities, audience: Audience, templates: Templates
) -> None:
    """Make the two campaigns."""
    ready = Campaign.objects.create(
        organization=organization,
        name=shop.READY_CAMPAIGN,
        identity=identities.marketing,
        template=templates.newsletter,
    )
    ready.lists.set([audience.newsletter])
    draft = Campaign.objects.create(
        organization=organization,
        name=shop.DRAFT_CAMPAIGN,
        identity=identities.marketing,
        template=templates.product_news,
    )
    draft.lists.set([audience.product_news])
    draft.segments.set([audience.segments["Active in the last 90 days"]])
