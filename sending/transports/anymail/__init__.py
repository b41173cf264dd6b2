"""Hands messages to a commercial provider through Django's mail backends, anymail's above all."""

from sending.transports.anymail.transport import AnymailTransport

__all__ = ["AnymailTransport"]
