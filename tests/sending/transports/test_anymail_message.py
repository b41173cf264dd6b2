"""From the bytes of a message to what a mail backend takes."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

from sending.transports.anymail.message import django_message
from sending.transports.base import Envelope
from tests.sending.transports.providing import (
    newsletter,
)


class TestDjangoMessage:
    """Says the same as the bytes did."""

    def test_has_the_texts_as_they_were(self):
        message = django_message(newsletter())

        assert message.subject == "Grüße 🎉 für Dich"
        assert message.body == "Hallo Ännchen,\n\nschöne Grüße\n"
        assert [(one.content, one.mimetype) for one in message.alternatives] == [
            ("<p>Hallo <b>Ännchen</b> 🎉</p>\n", "text/html")
        ]

    def test_keeps_the_headers_that_matter(self):
        headers = django_message(newsletter()).extra_headers

        assert headers == {
            "Message-ID": "<m1@example.com>",
            "List-Unsubscribe": (
                f"<https://news.example.com/u/{'t' * 90}>, <mailto:u-{'t' * 40}@bounce.example.com>"
            ),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": "News <news.example.com>",
            "Feedback-ID": "7:1:marketing:example",
        }

    def test_names_both_sides(self):
        message = django_message(newsletter())

        assert message.from_email == '"Jörg, of Example" <news@example.com>'
        assert message.to == ['"Ännchen Ölmann" <ann@example.org>']
        assert message.reply_to == ["answers@example.com"]
        assert message.envelope_sender == "b1@bounce.example.com"
        assert message.metadata == {"recipient_id": "1"}

    def test_is_to_be_tracked_by_nobody_else(self):
        message = django_message(newsletter())

        assert (message.track_opens, message.track_clicks) == (False, False)

    def test_goes_to_the_recipient_of_the_envelope_alone(self):
        original = newsletter()
        other = Envelope(1, original.mail_from, "other@example.net", original.data)

        assert django_message(other).to == ["other@example.net"]

    def test_keeps_an_inline_image(self):
        [image] = django_message(newsletter(image=True)).attachments

        assert image.get_content_type() == "image/png"
        assert image.get_payload(decode=True) == b"\x89PNG..."
        assert image["Content-ID"] == "<logo@example.com>"
        assert image["Content-Disposition"].startswith("inline")

    def test_of_html_alone_has_no_empty_text(self):
        source = EmailMessage(policy=SMTP)
        source["From"], source["To"] = "a@example.com", "ann@example.org"
        source.set_content("<p>Hi</p>", subtype="html")

        message = django_message(Envelope(1, "", "ann@example.org", source.as_bytes()))

        assert (message.body, message.content_subtype) == ("<p>Hi</p>\n", "html")
        assert message.alternatives == []
