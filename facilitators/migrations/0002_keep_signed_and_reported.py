"""What must never be false: a supervision signed by both stays as it is, a concern and its
steps stay."""

from django.db import migrations

from phpsupport.audit.sealing import SealTable

SIGNED = """
CREATE FUNCTION refuse_signed_supervision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a supervision signed by both stays as it is: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER signed_by_both BEFORE UPDATE OR DELETE ON facilitators_supervision
    FOR EACH ROW
    WHEN (OLD.supervisor_signed_at IS NOT NULL AND OLD.facilitator_signed_at IS NOT NULL)
    EXECUTE FUNCTION refuse_signed_supervision();
"""
NOT_SIGNED = """
DROP TRIGGER signed_by_both ON facilitators_supervision;
DROP FUNCTION refuse_signed_supervision();
"""

TABLES = ("facilitators_boundaryconcern", "facilitators_namedinconcern")
KEPT = "".join(
    f"CREATE TRIGGER kept BEFORE DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change(); "
    f"CREATE TRIGGER kept_whole BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(); "
    for table in TABLES
)
NOT_KEPT = "".join(
    f"DROP TRIGGER kept ON {table}; DROP TRIGGER kept_whole ON {table}; " for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("facilitators", "0001_initial")]

    operations = [
        SealTable("facilitators_concernstep"),
        migrations.RunSQL(SIGNED, NOT_SIGNED),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
