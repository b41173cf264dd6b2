"""Messages: the search, the page of one with its timeline, and files of many."""

from common.admin.pages import add_pages
from sending.admin.messages.routes import routes

add_pages(routes)
