"""Two who add the same IP to both streams at the same moment: the second one waits, and is told."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION iprouting_ip_keeps_to_its_stream() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own record;
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended(NEW.organization_id || ' sends from ' || NEW.address, 0));
    SELECT organization_id, stream INTO own FROM iprouting_pool WHERE id = NEW.pool_id FOR SHARE;
    IF own.organization_id <> NEW.organization_id THEN
        RAISE EXCEPTION 'The pool belongs to another organization.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ip_and_pool_in_one_organization';
    END IF;
    IF EXISTS (SELECT FROM iprouting_sendingip AS ip JOIN iprouting_pool AS pool
            ON pool.id = ip.pool_id
        WHERE ip.organization_id = NEW.organization_id AND ip.address = NEW.address
            AND ip.id <> NEW.id AND pool.stream <> own.stream) THEN
        RAISE EXCEPTION 'This IP sends the other stream already.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ip_in_one_stream';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    """Takes a lock before it looks whether the other stream has the IP."""

    dependencies = [("iprouting", "0009_streams_apart")]

    # The trigger works without the lock too: what it replaced need not come back.
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
