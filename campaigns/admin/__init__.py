"""Pages for organizations, people, contacts, content and who may send."""

from campaigns.admin.audit import AuditEntryAdmin
from campaigns.admin.contacts import ContactAdmin
from campaigns.admin.domains import IdentityAdmin, SendingDomainAdmin
from campaigns.admin.keys import ApiKeyAdmin
from campaigns.admin.lists import ContactListAdmin
from campaigns.admin.organizations import OrganizationAdmin
from campaigns.admin.people import MembershipAdmin, UserAdmin
from campaigns.admin.segments import SegmentAdmin
from campaigns.admin.templates import TemplateAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditEntryAdmin",
    "ContactAdmin",
    "ContactListAdmin",
    "IdentityAdmin",
    "MembershipAdmin",
    "OrganizationAdmin",
    "SegmentAdmin",
    "SendingDomainAdmin",
    "TemplateAdmin",
    "UserAdmin",
]
