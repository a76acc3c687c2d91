"""What must never be false: what was signed, what was done and who was told stay as they are; a safety
concern stays."""

from django.db import migrations

from phpsupport.audit.sealing import SealTable

KEPT = (
    "CREATE TRIGGER kept BEFORE DELETE ON group_sessions_safetyconcern "
    "FOR EACH ROW EXECUTE FUNCTION refuse_change(); "
    "CREATE TRIGGER kept_whole BEFORE TRUNCATE ON group_sessions_safetyconcern "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)
NOT_KEPT = (
    "DROP TRIGGER kept ON group_sessions_safetyconcern; "
    "DROP TRIGGER kept_whole ON group_sessions_safetyconcern"
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("group_sessions", "0001_initial")]

    operations = [
        SealTable("group_sessions_groupnote"),
        SealTable("group_sessions_progressnote"),
        SealTable("group_sessions_addendum"),
        SealTable("group_sessions_cosignature"),
        SealTable("group_sessions_notevoid"),
        SealTable("group_sessions_handover"),
        SealTable("group_sessions_handoverpart"),
        SealTable("group_sessions_safetyentry"),
        SealTable("group_sessions_batchrow"),
        SealTable("group_sessions_ruleoverride"),
        SealTable("group_sessions_resolution"),
        SealTable("group_sessions_kiosktry"),
        migrations.RunSQL(KEPT, NOT_KEPT),
    ]
