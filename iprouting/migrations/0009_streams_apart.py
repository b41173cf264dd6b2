"""The database itself keeps the streams apart: no IP and no pool ever stands in two."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION iprouting_ip_keeps_to_its_stream() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE own record;
BEGIN
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
CREATE TRIGGER ip_keeps_to_its_stream BEFORE INSERT OR UPDATE OF address, pool_id, organization_id
    ON iprouting_sendingip FOR EACH ROW EXECUTE FUNCTION iprouting_ip_keeps_to_its_stream();

CREATE FUNCTION iprouting_pool_keeps_its_stream() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.stream <> OLD.stream AND (
            EXISTS (SELECT FROM iprouting_sendingip WHERE pool_id = NEW.id)
            OR EXISTS (SELECT FROM iprouting_pool WHERE fallback_id = NEW.id)) THEN
        RAISE EXCEPTION 'A pool in use stays in its stream.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_in_use_keeps_its_stream';
    END IF;
    IF NEW.fallback_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM iprouting_pool AS other WHERE other.id = NEW.fallback_id
                AND other.stream = NEW.stream AND other.organization_id = NEW.organization_id
                AND other.fallback_id IS NULL FOR SHARE) THEN
        RAISE EXCEPTION 'The fallback is a pool of the same stream without a fallback of its own.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_fallback_in_its_stream';
    END IF;
    IF NEW.fallback_id IS NOT NULL
            AND EXISTS (SELECT FROM iprouting_pool WHERE fallback_id = NEW.id) THEN
        RAISE EXCEPTION 'A pool that others fall back to has no fallback of its own.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pool_fallback_in_its_stream';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pool_keeps_its_stream BEFORE INSERT OR UPDATE OF stream, fallback_id, organization_id
    ON iprouting_pool FOR EACH ROW EXECUTE FUNCTION iprouting_pool_keeps_its_stream();
"""
BACK = """
DROP TRIGGER pool_keeps_its_stream ON iprouting_pool;
DROP FUNCTION iprouting_pool_keeps_its_stream();
DROP TRIGGER ip_keeps_to_its_stream ON iprouting_sendingip;
DROP FUNCTION iprouting_ip_keeps_to_its_stream();
"""


class Migration(migrations.Migration):
    """Adds triggers: what they say spans rows, which a constraint cannot."""

    dependencies = [("iprouting", "0008_breaker_rules")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
