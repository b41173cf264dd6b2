"""The commercial providers whose webhooks are taken, and how each proves who posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

PASSWORD: Final = "webhook_secret"  # noqa: S105  anymail's name for "user:password"


@dataclass(frozen=True, slots=True)
class Esp:
    """One provider, in anymail's words: the class that reads its posts and the secret it needs.

    `secret` is the argument that takes what posts are signed with; PASSWORD where the provider
    signs nothing, so that a name and password in the address stand in for it. `headers` are those
    that a post is checked or read by.
    """

    name: str
    view: str
    secret: str = PASSWORD
    headers: tuple[str, ...] = ()

    @property
    def signs(self) -> bool:
        """Whether the provider signs what it posts."""
        return self.secret != PASSWORD


ESPS: Final[Mapping[str, Esp]] = {
    "amazon_ses": Esp(
        "Amazon SES",
        "anymail.webhooks.amazon_ses.AmazonSESTrackingWebhookView",
        headers=("X-Amz-Sns-Message-Type", "X-Amz-Sns-Message-Id", "X-Amz-Sns-Topic-Arn"),
    ),
    "brevo": Esp("Brevo", "anymail.webhooks.brevo.BrevoTrackingWebhookView"),
    "mailersend": Esp(
        "MailerSend",
        "anymail.webhooks.mailersend.MailerSendTrackingWebhookView",
        "signing_secret",
        ("Signature",),
    ),
    "mailgun": Esp(
        "Mailgun", "anymail.webhooks.mailgun.MailgunTrackingWebhookView", "webhook_signing_key"
    ),
    "mailjet": Esp("Mailjet", "anymail.webhooks.mailjet.MailjetTrackingWebhookView"),
    "mailtrap": Esp(
        "Mailtrap",
        "anymail.webhooks.mailtrap.MailtrapTrackingWebhookView",
        "tracking_secret",
        ("Mailtrap-Signature",),
    ),
    "mandrill": Esp(
        "Mandrill",
        "anymail.webhooks.mandrill.MandrillCombinedWebhookView",
        "webhook_key",
        ("X-Mandrill-Signature",),
    ),
    "postal": Esp(
        "Postal",
        "anymail.webhooks.postal.PostalTrackingWebhookView",
        "webhook_key",
        ("X-Postal-Signature",),
    ),
    "postmark": Esp("Postmark", "anymail.webhooks.postmark.PostmarkTrackingWebhookView"),
    "resend": Esp(
        "Resend",
        "anymail.webhooks.resend.ResendTrackingWebhookView",
        "signing_secret",
        ("Svix-Id", "Svix-Timestamp", "Svix-Signature"),
    ),
    "sendgrid": Esp(
        "SendGrid",
        "anymail.webhooks.sendgrid.SendGridTrackingWebhookView",
        "tracking_webhook_verification_key",
        ("X-Twilio-Email-Event-Webhook-Timestamp", "X-Twilio-Email-Event-Webhook-Signature"),
    ),
    "sparkpost": Esp("SparkPost", "anymail.webhooks.sparkpost.SparkPostTrackingWebhookView"),
    "unisender_go": Esp(
        "Unisender Go",
        "anymail.webhooks.unisender_go.UnisenderGoTrackingWebhookView",
        "api_key",
    ),
}
