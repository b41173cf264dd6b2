"""Hands messages to an SMTP server over several connections that stay open."""

from sending.transports.smtp.settings import Pipelining, SmtpSettings, TlsMode
from sending.transports.smtp.transport import SmtpTransport

__all__ = ["Pipelining", "SmtpSettings", "SmtpTransport", "TlsMode"]
