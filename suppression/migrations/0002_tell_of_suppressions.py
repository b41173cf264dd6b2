"""Notes for webhooks who is put on the suppression list and taken off it, by triggers."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION suppression_tell(entry suppression_list, event_name text) RETURNS void
LANGUAGE sql AS $$
    SELECT insights_tell(entry.org_id, event_name, now(), jsonb_build_object(
        'suppression_id', entry.id, 'email', entry.email, 'reason', entry.reason,
        'scope', entry.scope, 'list_id', entry.list_id, 'origin', entry.origin,
        'note', NULLIF(entry.note, ''), 'recipient_id', entry.source_recipient_id,
        'added_at', entry.added_at, 'expires_at', entry.expires_at))
$$;

CREATE FUNCTION suppression_tell_of_many() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM suppression_tell(changed, TG_ARGV[0])
    FROM changed WHERE changed.org_id IN (SELECT insights_listened_for(TG_ARGV[0]));
    RETURN NULL;
END $$;
CREATE TRIGGER suppression_is_told_created AFTER INSERT ON suppression_list
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION suppression_tell_of_many('suppression.created');
CREATE TRIGGER suppression_is_told_deleted AFTER DELETE ON suppression_list
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT
    EXECUTE FUNCTION suppression_tell_of_many('suppression.deleted');

CREATE FUNCTION suppression_tell_of_longer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM suppression_tell(NEW, 'suppression.created');
    RETURN NULL;
END $$;
CREATE TRIGGER suppression_is_told_longer AFTER UPDATE OF expires_at ON suppression_list
    FOR EACH ROW WHEN (OLD.expires_at IS DISTINCT FROM NEW.expires_at)
    EXECUTE FUNCTION suppression_tell_of_longer();
"""
BACK = """
DROP TRIGGER suppression_is_told_longer ON suppression_list;
DROP FUNCTION suppression_tell_of_longer();
DROP TRIGGER suppression_is_told_deleted ON suppression_list;
DROP TRIGGER suppression_is_told_created ON suppression_list;
DROP FUNCTION suppression_tell_of_many();
DROP FUNCTION suppression_tell(suppression_list, text);
"""


class Migration(migrations.Migration):
    """Adds triggers; `insights_tell` of the database keeps what a webhook listens for."""

    dependencies = [
        ("insights", "0017_tell_of_campaigns_and_contacts"),
        ("suppression", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACK)]
