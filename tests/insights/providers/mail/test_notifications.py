"""Tests of notifications that Amazon SES sends by mail."""

from __future__ import annotations

import json

import pytest

from insights.events import BounceClass
from insights.providers.mail.reading import Action, MailKind
from tests.insights.providers.mail.samples import read


def mail(body: object) -> bytes:
    return b"From: no-reply@sns.amazonaws.com\n\n" + json.dumps(body).encode()


class TestNotifications:
    def test_report_deliveries(self):
        body = {
            "notificationType": "Delivery",
            "mail": {"messageId": "m"},
            "delivery": {"recipients": ["a@b.example"], "smtpResponse": "250 2.6.0 Queued"},
        }

        (found,) = read(mail(body)).findings

        assert (found.kind, found.recipient) == (MailKind.DELIVERED, "a@b.example")
        assert (found.action, found.smtp_code) == (Action.DELIVERED, 250)

    def test_report_delays(self):
        body = {
            "eventType": "DeliveryDelay",
            "mail": {},
            "deliveryDelay": {"delayedRecipients": [{"emailAddress": "a@b.example"}]},
        }

        (found,) = read(mail(body)).findings

        assert (found.kind, found.bounce_class) == (MailKind.DELAYED, None)

    def test_report_bounces_of_several_recipients(self):
        recipients = [
            {"emailAddress": "a@b.example", "status": "5.1.1", "diagnosticCode": "smtp; 550 no"},
            {"emailAddress": "c@b.example", "status": "5.2.2"},
        ]
        body = {
            "notificationType": "Bounce",
            "mail": {"messageId": "m"},
            "bounce": {"bouncedRecipients": recipients},
        }

        found = read(mail(body)).findings

        assert [f.bounce_class for f in found] == [BounceClass.HARD, BounceClass.SOFT]

    def test_take_back_a_complaint(self):
        body = {
            "notificationType": "Complaint",
            "mail": {},
            "complaint": {
                "complaintFeedbackType": "not-spam",
                "complainedRecipients": [{"emailAddress": "a@b.example"}],
            },
        }

        assert read(mail(body)).kind is MailKind.NONE

    def test_survive_lines_that_a_relay_broke(self):
        recipients = [{"emailAddress": "a@b.example", "status": "5.1.1"}]
        bounce = {"bouncedRecipients": recipients}
        body = json.dumps({"notificationType": "Bounce", "mail": {}, "bounce": bounce})
        broken = body.replace("bouncedRec", "bounced!\n Rec")

        (found,) = read(b"From: a@b.example\n\n" + broken.encode()).findings

        assert found.recipient == "a@b.example"

    @pytest.mark.parametrize(
        "body",
        [
            {"mail": "x", "notificationType": 5},
            {"mail": {}, "notificationType": "Bounce", "bounce": []},
            {"mail": {"headers": [1, {"name": 2}]}, "notificationType": "Complaint"},
            {"Message": "{broken"},
            {"unrelated": True},
            [],
        ],
    )
    def test_of_a_strange_shape_say_nothing(self, body):
        assert read(mail(body)).kind is MailKind.NONE
