"""What every page of the admin is built on: scoping, counting, showing."""

from common.admin.base import PlainChangeList
from common.admin.counting import EstimatingPaginator
from common.admin.display import count, exact_time, moment, pill, share_bar, unknown
from common.admin.forms import ScopedForm
from common.admin.scoping import (
    OrganizationScopedAdmin,
    PlatformAdmin,
    ReadOnlyAdmin,
    ScopedInline,
    organization_of,
    require_role,
)
from common.admin.zone import ZoneMiddleware
from common.providers import gateway_name, provider_name

__all__ = [
    "EstimatingPaginator",
    "OrganizationScopedAdmin",
    "PlainChangeList",
    "PlatformAdmin",
    "ReadOnlyAdmin",
    "ScopedForm",
    "ScopedInline",
    "ZoneMiddleware",
    "count",
    "exact_time",
    "gateway_name",
    "moment",
    "organization_of",
    "pill",
    "provider_name",
    "require_role",
    "share_bar",
    "unknown",
]
