"""The shape of the HTTP API, the same for every app: errors, pages, scope, fields, routes.

Only what the settings name is taken in here. The other modules build on framework classes that
read those settings while they are being imported.
"""

from common.api.paging import CursorPagination
from common.api.problems import problem_response

__all__ = ["CursorPagination", "problem_response"]
