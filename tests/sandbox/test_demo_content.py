"""The demo's mails, rendered as a contact would get them."""

from __future__ import annotations

import pytest

from campaigns.operations.templates import save_template
from campaigns.rendering import Content, Sender, compile_message
from campaigns.rendering.problems import problems
from sandbox.demo import shop
from sandbox.operations.mailings import make_templates
from tests.factories.campaigns import OrganizationFactory

SENDER = Sender(
    from_name="Mira",
    from_address="letter@news.demo.example",
    reply_to="",
    list_id="",
    feedback_id="1:1:marketing:demo",
    base_url="http://127.0.0.1:8000",
    unsubscribe_mailbox="unsubscribe@bounce.demo.example",
    one_click=True,
    track_opens=True,
    track_clicks=True,
)
VARIABLES = {"organization": {"name": shop.NAME, "postal_address": shop.POSTAL_ADDRESS}}


def content_of(template):
    return Content(
        subject=template.subject,
        html=template.html,
        text=template.text,
        preheader=template.preheader,
    )


@pytest.mark.django_db
class TestMakeTemplates:
    def test_makes_mails_without_problems(self):
        templates = make_templates(OrganizationFactory())

        for template in (templates.newsletter, templates.product_news):
            found = problems(content_of(template), sender=SENDER)

            assert found == []

    def test_makes_links_that_are_followed(self):
        templates = make_templates(OrganizationFactory())

        links = compile_message(
            content_of(templates.newsletter), sender=SENDER, variables=VARIABLES
        ).links

        assert "https://shop.demo.example/tea/nantou-smoked?from=newsletter" in {
            link.url for link in links
        }
        assert len(links) == 6

    def test_can_be_saved_again(self):
        templates = make_templates(OrganizationFactory())
        before = templates.newsletter.html

        save_template(templates.newsletter)

        assert templates.newsletter.html == before
