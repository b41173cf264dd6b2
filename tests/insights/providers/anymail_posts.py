"""Posts payloads as the providers do, signed, to the webhooks of anymail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from django.test import Client

PAYLOADS = Path(__file__).parents[2] / "payloads" / "anymail"
SECRET = "a secret of ours"
BASIC_AUTH = "hooks:open-sesame"
_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_EC = ec.generate_private_key(ec.SECP256R1())
SVIX_SECRET = "whsec_" + base64.b64encode(SECRET.encode()).decode()


def _public(key: Any) -> str:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "".join(pem.decode().splitlines()[1:-1])


SETTINGS = {
    "WEBHOOK_SECRET": BASIC_AUTH,
    "MAILERSEND_SIGNING_SECRET": SECRET,
    "MAILGUN_WEBHOOK_SIGNING_KEY": SECRET,
    "MAILTRAP_TRACKING_SECRET": SECRET,
    "MANDRILL_WEBHOOK_KEY": SECRET,
    "POSTAL_WEBHOOK_KEY": _public(_RSA),
    "RESEND_SIGNING_SECRET": SVIX_SECRET,
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": _public(_EC),
    "UNISENDER_GO_API_KEY": SECRET,
}
# What each address is given as its secret; all others take name and password.
SECRETS = {
    "mailersend": SECRET,
    "mailgun": SECRET,
    "mailtrap": SECRET,
    "mandrill": SECRET,
    "postal": _public(_RSA),
    "resend": SVIX_SECRET,
    "sendgrid": _public(_EC),
    "unisender_go": SECRET,
}


@dataclass
class Post:
    """A request to a webhook."""

    body: Any
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def payload(provider: str, kind: str) -> Any:
    """Return a recorded payload."""
    return json.loads((PAYLOADS / provider / f"{kind}.json").read_text())


def post(provider: str, body: Any, *, forged: bool = False, auth: str = BASIC_AUTH) -> Any:
    """Return the response of a provider's webhook to a payload, signed unless `forged`."""
    path = f"/anymail/{'mandrill' if provider == 'mandrill' else provider + '/tracking'}/"
    url = f"http://{BASIC_AUTH}@testserver{path}"
    request = signed(provider, body, url=url, forged=forged, auth=auth)
    return send(request, path)


def signed(provider: str, body: Any, *, url: str, forged: bool = False, auth: str = "") -> Post:
    """Return a payload as a provider posts it to `url`, signed unless `forged`."""
    given = {"body": body, "url": url} if provider == "mandrill" else {"body": body}
    request = _SIGNED.get(provider, _plain)(**given, wrong="wrong" if forged else "")
    if auth:
        request.headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"
    return request


def send(request: Post, path: str) -> Any:
    """Return the response to a request."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    return client.generic(
        "POST", path, request.body, content_type=request.content_type, headers=request.headers
    )


def _plain(body: Any, wrong: str) -> Post:
    return Post(json.dumps(body).encode())


def _hmac(message: bytes, wrong: str, digest: Any = hashlib.sha256) -> Any:
    return hmac.new((SECRET + wrong).encode(), message, digest)


def _amazon(body: Any, wrong: str) -> Post:
    message_id = "815d2802-8272-483e-90ad-841735815699"
    notification = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": "arn:aws:sns:eu-west-1:111122223333:mail",
        "Message": json.dumps(body),
        "Timestamp": "2026-11-21T04:23:31.675Z",
    }
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": message_id + wrong}
    return Post(json.dumps(notification).encode(), "text/plain; charset=UTF-8", headers)


def _mailgun(body: Any, wrong: str) -> Post:
    signature = body["signature"]
    signed = f"{signature['timestamp']}{signature['token']}".encode()
    return _plain(
        body | {"signature": signature | {"signature": _hmac(signed, wrong).hexdigest()}}, ""
    )


def _mandrill(body: Any, wrong: str, url: str) -> Post:
    events = json.dumps(body)
    digest = _hmac(f"{url}mandrill_events{events}".encode(), wrong, hashlib.sha1).digest()
    boundary = "b0undary"
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="mandrill_events"\r\n\r\n'
        f"{events}\r\n--{boundary}--\r\n"
    )
    return Post(
        form.encode(),
        f"multipart/form-data; boundary={boundary}",
        {"X-Mandrill-Signature": base64.b64encode(digest).decode()},
    )


def _postal(body: Any, wrong: str) -> Post:
    request = _plain(body, "")
    signature = _RSA.sign(request.body + wrong.encode(), padding.PKCS1v15(), hashes.SHA1())
    request.headers["X-Postal-Signature"] = base64.b64encode(signature).decode()
    return request


def _sendgrid(body: Any, wrong: str) -> Post:
    request, moment = _plain(body, ""), "1795235001"
    signed = moment.encode() + request.body + wrong.encode()
    signature = _EC.sign(signed, ec.ECDSA(hashes.SHA256()))
    request.headers["X-Twilio-Email-Event-Webhook-Timestamp"] = moment
    request.headers["X-Twilio-Email-Event-Webhook-Signature"] = base64.b64encode(signature).decode()
    return request


def _resend(body: Any, wrong: str) -> Post:
    request, moment, message_id = _plain(body, ""), str(int(time.time())), "msg_7Hc9TzKp4RwQmVx2"
    digest = _hmac(f"{message_id}.{moment}.".encode() + request.body, wrong).digest()
    request.headers |= {
        "svix-id": message_id,
        "svix-timestamp": moment,
        "svix-signature": "v1," + base64.b64encode(digest).decode(),
    }
    return request


def _unisender(body: Any, wrong: str) -> Post:
    # The sum is taken over the body with the secret in the place that the sum then fills.
    text = json.dumps(body | {"auth": SECRET + wrong})
    digest = hashlib.md5(text.encode()).hexdigest()
    return Post(text.replace(SECRET + wrong, digest).encode())


def _with_header(name: str) -> Callable[..., Post]:
    def signed(body: Any, wrong: str) -> Post:
        request = _plain(body, "")
        request.headers[name] = _hmac(request.body, wrong).hexdigest()
        return request

    return signed


_SIGNED: dict[str, Callable[..., Post]] = {
    "amazon_ses": _amazon,
    "mailersend": _with_header("Signature"),
    "mailgun": _mailgun,
    "mailtrap": _with_header("Mailtrap-Signature"),
    "mandrill": _mandrill,
    "postal": _postal,
    "resend": _resend,
    "sendgrid": _sendgrid,
    "unisender_go": _unisender,
}
