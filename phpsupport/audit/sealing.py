"""Tables that are written once: the database refuses to change or delete their rows."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are written once: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
"""


class CreateRefusal(migrations.RunSQL):
    """The trigger function that the sealed tables share."""

    def __init__(self) -> None:
        super().__init__(FUNCTION, "DROP FUNCTION refuse_change()")


class SealTable(migrations.RunSQL):
    """Refuse UPDATE, DELETE and TRUNCATE on a table to everybody, its owner included.

    Only re-encryption under a new key passes, by disabling the trigger as the owner.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"CREATE TRIGGER sealed BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change(); "
            f"CREATE TRIGGER sealed_whole BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
            f"DROP TRIGGER sealed ON {table}; DROP TRIGGER sealed_whole ON {table}",
        )

    def deconstruct(self):  # type: ignore[no-untyped-def]
        return (self.__class__.__name__, [self.table], {})
