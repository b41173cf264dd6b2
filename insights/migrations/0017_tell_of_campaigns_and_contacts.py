"""Notes for webhooks what becomes of campaigns, contacts and subscriptions, by triggers.

`insights_tell` notes a happening if a webhook of the organization listens for it. The apps above
have triggers of their own, which call it too.
"""

from django.db import migrations

TELL = """
CREATE FUNCTION insights_tell(organization bigint, event_name text, at timestamptz, told jsonb)
RETURNS void LANGUAGE sql AS $$
    WITH listening AS (
        SELECT id FROM insights_webhook
        WHERE active AND organization_id = organization AND event_name = ANY(event_types)
    ), happening AS (
        INSERT INTO insights_happening (id, organization_id, event_type, ts, data)
        SELECT nextval('email_delivery_events_id_seq'), organization, event_name, at, told
        WHERE EXISTS (SELECT FROM listening)
        RETURNING id, ts
    )
    INSERT INTO insights_webhookoutbox (webhook_id, event_ids, first_ts, last_ts)
    SELECT listening.id, ARRAY[happening.id], happening.ts, happening.ts
    FROM happening CROSS JOIN listening
$$;

-- Answers for many rows at once, so that a statement of a million costs one look.
CREATE FUNCTION insights_listened_for(event_name text) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT DISTINCT organization_id FROM insights_webhook
    WHERE active AND event_name = ANY(event_types)
$$;
"""
CAMPAIGNS = """
CREATE FUNCTION insights_tell_of_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text := CASE
        WHEN NEW.state = 'preparing' AND OLD.state <> 'paused' THEN 'campaign.started'
        WHEN OLD.state = 'paused' AND NEW.state IN ('preparing', 'testing', 'sending')
            THEN 'campaign.resumed'
        WHEN NEW.state = 'sent' THEN 'campaign.completed'
        WHEN NEW.state IN ('paused', 'cancelled', 'failed') THEN 'campaign.' || NEW.state
    END;
BEGIN
    IF name IS NOT NULL THEN
        PERFORM insights_tell(NEW.organization_id, name, NEW.updated_at, jsonb_build_object(
            'campaign_id', NEW.id, 'campaign_name', NEW.name, 'kind', NEW.kind,
            'stream', NEW.stream, 'state', NEW.state, 'previous_state', OLD.state,
            'reason', NULLIF(NEW.state_reason, '')));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER campaign_is_told AFTER UPDATE OF state ON campaigns_campaign FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION insights_tell_of_campaign();
"""
CONTACTS = """
CREATE FUNCTION insights_contact_data(contact campaigns_contact) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object(
        'contact_id', contact.id, 'email', contact.email,
        'first_name', NULLIF(contact.first_name, ''), 'last_name', NULLIF(contact.last_name, ''),
        'language', NULLIF(contact.language, ''), 'timezone', NULLIF(contact.timezone, ''),
        'attributes', contact.attributes)
$$;

CREATE FUNCTION insights_tell_of_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM insights_tell(
        changed.organization_id, TG_ARGV[0], now(), insights_contact_data(changed))
    FROM changed
    WHERE changed.organization_id IN (SELECT insights_listened_for(TG_ARGV[0]));
    RETURN NULL;
END $$;
CREATE TRIGGER contact_is_told_created AFTER INSERT ON campaigns_contact
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION insights_tell_of_contacts('contact.created');
CREATE TRIGGER contact_is_told_deleted AFTER DELETE ON campaigns_contact
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION insights_tell_of_contacts('contact.deleted');

CREATE FUNCTION insights_tell_of_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An import changes many one by one: to look here costs a quarter of a call.
    IF EXISTS (SELECT FROM insights_webhook WHERE active
            AND organization_id = NEW.organization_id AND 'contact.updated' = ANY(event_types)) THEN
        PERFORM insights_tell(
            NEW.organization_id, 'contact.updated', now(), insights_contact_data(NEW));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER contact_is_told_updated
    AFTER UPDATE OF email, first_name, last_name, language, timezone, attributes
    ON campaigns_contact FOR EACH ROW
    WHEN ((OLD.email, OLD.first_name, OLD.last_name, OLD.language, OLD.timezone, OLD.attributes)
        IS DISTINCT FROM
        (NEW.email, NEW.first_name, NEW.last_name, NEW.language, NEW.timezone, NEW.attributes))
    EXECUTE FUNCTION insights_tell_of_contact();
"""
SUBSCRIPTIONS = """
CREATE FUNCTION insights_tell_of_subscription(
    subscription campaigns_subscription, event_name text, previous text
) RETURNS void LANGUAGE sql AS $$
    SELECT insights_tell(contact.organization_id, event_name, now(), jsonb_build_object(
        'list_id', list.id, 'list_name', list.name, 'contact_id', contact.id,
        'email', contact.email, 'status', subscription.status, 'previous_status', previous,
        'source', NULLIF(subscription.source, '')))
    FROM campaigns_contact AS contact, campaigns_contactlist AS list
    WHERE contact.id = subscription.contact_id AND list.id = subscription.list_id
$$;

CREATE FUNCTION insights_tell_of_new_subscriptions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM insights_tell_of_subscription(added, 'list.subscribed', NULL)
    FROM added
    WHERE added.status = 'subscribed' AND added.list_id IN (
        SELECT id FROM campaigns_contactlist
        WHERE organization_id IN (SELECT insights_listened_for('list.subscribed')));
    RETURN NULL;
END $$;
CREATE TRIGGER subscription_is_told_new AFTER INSERT ON campaigns_subscription
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION insights_tell_of_new_subscriptions();

CREATE FUNCTION insights_tell_of_changed_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    name text := CASE
        WHEN NEW.status = 'subscribed' AND OLD.status = 'pending' THEN 'list.confirmed'
        WHEN NEW.status = 'subscribed' THEN 'list.subscribed'
        WHEN NEW.status = 'unsubscribed' THEN 'list.unsubscribed'
    END;
BEGIN
    IF name IS NOT NULL THEN
        PERFORM insights_tell_of_subscription(NEW, name, OLD.status);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER subscription_is_told_changed AFTER UPDATE OF status ON campaigns_subscription
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION insights_tell_of_changed_subscription();
"""
BACK = """
DROP TRIGGER subscription_is_told_changed ON campaigns_subscription;
DROP FUNCTION insights_tell_of_changed_subscription();
DROP TRIGGER subscription_is_told_new ON campaigns_subscription;
DROP FUNCTION insights_tell_of_new_subscriptions();
DROP FUNCTION insights_tell_of_subscription(campaigns_subscription, text, text);
DROP TRIGGER contact_is_told_updated ON campaigns_contact;
DROP FUNCTION insights_tell_of_contact();
DROP TRIGGER contact_is_told_deleted ON campaigns_contact;
DROP TRIGGER contact_is_told_created ON campaigns_contact;
DROP FUNCTION insights_tell_of_contacts();
DROP FUNCTION insights_contact_data(campaigns_contact);
DROP TRIGGER campaign_is_told ON campaigns_campaign;
DROP FUNCTION insights_tell_of_campaign();
DROP FUNCTION insights_listened_for(text);
DROP FUNCTION insights_tell(bigint, text, timestamptz, jsonb);
"""


class Migration(migrations.Migration):
    """Adds the triggers; only changes of state that a webhook listens for leave a row."""

    dependencies = [
        ("campaigns", "0008_waiting_for_room"),
        ("insights", "0016_happenings"),
    ]

    operations = [migrations.RunSQL([TELL, CAMPAIGNS, CONTACTS, SUBSCRIPTIONS], BACK)]
