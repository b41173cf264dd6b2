"""Insights: figures over time and apart by provider, identity, IP, list, campaign and variant."""

from common.admin.pages import add_pages
from insights.admin.dashboard.routes import routes

add_pages(routes)
