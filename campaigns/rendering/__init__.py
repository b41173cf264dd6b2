"""Message rendering: content is compiled once a campaign, then written once a contact."""

from campaigns.rendering.compile import CompiledMessage, compile_message
from campaigns.rendering.liquid import TemplateError
from campaigns.rendering.message import (
    Content,
    Link,
    Message,
    Part,
    Preview,
    Problem,
    ProblemCode,
    Sender,
    Tokens,
)
from campaigns.rendering.problems import problems

__all__ = [
    "CompiledMessage",
    "Content",
    "Link",
    "Message",
    "Part",
    "Preview",
    "Problem",
    "ProblemCode",
    "Sender",
    "TemplateError",
    "Tokens",
    "compile_message",
    "problems",
]
