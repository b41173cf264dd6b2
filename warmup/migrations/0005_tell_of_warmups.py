"""Notes for webhooks how warm-ups go on, by a trigger."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION warmup_tell() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    told jsonb;
BEGIN
    told := jsonb_build_object(
        'warmup_id', NEW.id,
        'ip', (SELECT host(address) FROM iprouting_sendingip WHERE id = NEW.ip_id),
        'schedule', NEW.preset, 'status', NEW.status, 'previous_status', OLD.status,
        'day', NEW.current_day, 'previous_day', OLD.current_day, 'daily_limit', NEW.daily_limit,
        'reason', NULLIF(NEW.paused_reason, ''), 'resumes_on', NEW.resumes_on);
    IF NEW.status <> OLD.status THEN
        PERFORM insights_tell(NEW.organization_id, CASE
            WHEN NEW.status = 'active' AND OLD.status = 'paused' THEN 'warmup.resumed'
            WHEN NEW.status = 'active' THEN 'warmup.started'
            ELSE 'warmup.' || NEW.status
        END, NEW.updated_at, told);
    END IF;
    IF NEW.current_day <> OLD.current_day AND NEW.status = 'active' THEN
        PERFORM insights_tell(NEW.organization_id, 'warmup.advanced', NEW.updated_at, told);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER warmup_is_told AFTER UPDATE OF status, current_day ON warmup_schedules
    FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.current_day <> NEW.current_day)
    EXECUTE FUNCTION warmup_tell();
"""
BACK = """
DROP TRIGGER warmup_is_told ON warmup_schedules;
DROP FUNCTION warmup_tell();
"""


class Migration(migrations.Migration):
    """Adds a trigger; `insights_tell` of the database keeps what a webhook listens for."""

    dependencies = [
        ("insights", "0017_tell_of_campaigns_and_contacts"),
        ("iprouting", "0011_tell_of_breakers"),
        ("warmup", "0004_provider_caps"),
    ]

    operations = [migrations.RunSQL(FORWARD, BACK)]
