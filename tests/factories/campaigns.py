"""Organizations, people, contacts, lists, templates, identities, campaigns and recipients."""

from datetime import UTC, datetime

import factory
from factory.django import DjangoModelFactory, Password

from campaigns.models import (
    Campaign,
    CampaignLink,
    Contact,
    ContactList,
    Identity,
    Membership,
    Organization,
    Recipient,
    Segment,
    SendingDomain,
    Subscription,
    Template,
    User,
)
from campaigns.roles import Role

THE_PAST = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "a-long-pass-phrase"
HTML = (
    "<html><body><p>Hello {{ contact.first_name }}</p>"
    '<p><a href="https://shop.example.com/">Shop</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
)


class UserFactory(DjangoModelFactory):
    """A person of the staff whose password is PASSWORD, without a membership."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = Password(PASSWORD)
    is_staff = True


class OrganizationFactory(DjangoModelFactory):
    """An organization on UTC."""

    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")
    slug = factory.Sequence(lambda n: f"organization-{n}")


class MembershipFactory(DjangoModelFactory):
    """A viewer of a new organization."""

    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.VIEWER.value


class ContactFactory(DjangoModelFactory):
    """A contact on no list; key and domain follow from `email`."""

    class Meta:
        model = Contact

    organization = factory.SubFactory(OrganizationFactory)
    email = factory.Sequence(lambda n: f"contact{n}@example.com")
    email_key = factory.LazyAttribute(lambda contact: contact.email.lower())
    domain = factory.LazyAttribute(lambda contact: contact.email_key.rpartition("@")[2])
    first_name = "Ada"
    provider = "other"


class ContactListFactory(DjangoModelFactory):
    """A public list."""

    class Meta:
        model = ContactList

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"List {n}")
    slug = factory.Sequence(lambda n: f"list-{n}")


class SubscriptionFactory(DjangoModelFactory):
    """A contact subscribed to a list of the same organization."""

    class Meta:
        model = Subscription

    contact = factory.SubFactory(ContactFactory)
    list = factory.SubFactory(
        ContactListFactory, organization=factory.SelfAttribute("..contact.organization")
    )
    subscribed_at = THE_PAST


class SegmentFactory(DjangoModelFactory):
    """Everybody at example.com."""

    class Meta:
        model = Segment

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Segment {n}")
    rules = factory.LazyFunction(lambda: {"all": [{"field": "domain", "is": "example.com"}]})


class TemplateFactory(DjangoModelFactory):
    """An HTML template with a variable, a link and an unsubscribe link."""

    class Meta:
        model = Template

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"Template {n}")
    subject = "Hello {{ contact.first_name }}"
    source = HTML
    html = factory.SelfAttribute("source")


class SendingDomainFactory(DjangoModelFactory):
    """A domain without a tracking address of its own."""

    class Meta:
        model = SendingDomain

    organization = factory.SubFactory(OrganizationFactory)
    name = factory.Sequence(lambda n: f"news{n}.example.com")


class IdentityFactory(DjangoModelFactory):
    """A marketing identity on a domain of the same organization."""

    class Meta:
        model = Identity

    organization = factory.SubFactory(OrganizationFactory)
    domain = factory.SubFactory(
        SendingDomainFactory, organization=factory.SelfAttribute("..organization")
    )
    from_name = "Example News"
    from_address = factory.LazyAttribute(lambda identity: f"news@{identity.domain.name}")


class CampaignFactory(DjangoModelFactory):
    """A draft with content. `lists=[...]` and `segments=[...]` name its audience."""

    class Meta:
        model = Campaign
        skip_postgeneration_save = True

    organization = factory.SubFactory(OrganizationFactory)
    identity = factory.SubFactory(
        IdentityFactory, organization=factory.SelfAttribute("..organization")
    )
    name = factory.Sequence(lambda n: f"Campaign {n}")
    subject = "Hello {{ contact.first_name }}"
    html = HTML

    @factory.post_generation
    def lists(self, create, extracted, **_):
        """Set the lists."""
        if create and extracted:
            self.lists.set(extracted)

    @factory.post_generation
    def segments(self, create, extracted, **_):
        """Set the segments."""
        if create and extracted:
            self.segments.set(extracted)


class CampaignLinkFactory(DjangoModelFactory):
    """A static link, numbered from 1 up in each campaign."""

    class Meta:
        model = CampaignLink

    campaign = factory.SubFactory(CampaignFactory)
    number = factory.LazyAttribute(lambda link: link.campaign.links.count() + 1)
    url = "https://shop.example.com/"


class RecipientFactory(DjangoModelFactory):
    """A planned row of the ledger, for a contact of the campaign's organization."""

    class Meta:
        model = Recipient

    campaign = factory.SubFactory(CampaignFactory)
    organization = factory.SelfAttribute("campaign.organization")
    contact = factory.SubFactory(
        ContactFactory, organization=factory.SelfAttribute("..campaign.organization")
    )
    email = factory.SelfAttribute("contact.email")
    provider = factory.SelfAttribute("contact.provider")
    message_id = factory.Sequence(lambda n: f"{n}.0123456789abcdef@news.example.com")
    not_before = THE_PAST
