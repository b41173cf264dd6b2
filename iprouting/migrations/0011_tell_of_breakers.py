"""Notes for webhooks which breakers open and close, by a trigger."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION iprouting_tell_of_breaker() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    opened boolean := NEW.state IN ('suspended', 'slowed');
BEGIN
    IF opened OR NEW.state = 'closed' THEN
        PERFORM insights_tell(
            NEW.organization_id,
            CASE WHEN opened THEN 'ip.breaker_opened' ELSE 'ip.breaker_closed' END,
            NEW.changed_at,
            jsonb_build_object(
                'breaker_id', NEW.id, 'ip', NEW.ip, 'provider', NEW.provider,
                'state', NEW.state, 'previous_state', OLD.state, 'until', NEW.until,
                'rate_per_minute', NEW.rate_per_minute, 'reason', NULLIF(NEW.reason, ''),
                'rule', CASE WHEN opened THEN NULLIF(NEW.rule_name, '') END,
                'times_opened', NEW.times_opened, 'changed_by', NULLIF(NEW.changed_by, '')));
    END IF;
    RETURN NULL;
END $$;
-- One that opens anew, for longer, has the same state and another time of opening.
CREATE TRIGGER breaker_is_told AFTER UPDATE OF state, opened_at ON iprouting_breaker
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state
        OR (NEW.state IN ('suspended', 'slowed') AND OLD.opened_at IS DISTINCT FROM NEW.opened_at))
    EXECUTE FUNCTION iprouting_tell_of_breaker();
"""
BACK = """
DROP TRIGGER breaker_is_told ON iprouting_breaker;
DROP FUNCTION iprouting_tell_of_breaker();
"""


class Migration(migrations.Migration):
    """Adds a trigger; `insights_tell` of the database keeps what a webhook listens for."""

    dependencies = [
        ("insights", "0017_tell_of_campaigns_and_contacts"),
        ("iprouting", "0010_streams_apart_at_once"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACK)]
