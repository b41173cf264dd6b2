"""IPs and routing: how each IP stands with each mailbox provider, and who carries how much."""

from common.admin.pages import add_pages
from sending.admin.routing.board import routes

add_pages(routes)
