"""What every page of the admin is built on: scoping, counting, showing."""

from common.admin.counting import EstimatingPaginator
from common.admin.display import count, moment, pill, share_bar, unknown
from common.admin.forms import ScopedForm
from common.admin.scoping import (
    OrganizationScopedAdmin,
    PlatformAdmin,
    ReadOnlyAdmin,
    ScopedInline,
    require_role,
)
from common.admin.zone import ZoneMiddleware

__all__ = [
    "EstimatingPaginator",
    "OrganizationScopedAdmin",
    "PlatformAdmin",
    "ReadOnlyAdmin",
    "ScopedForm",
    "ScopedInline",
    "ZoneMiddleware",
    "count",
    "moment",
    "pill",
    "require_role",
    "share_bar",
    "unknown",
]
