from django.db import migrations

from phpsupport.audit.sealing import SealTable


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("participants", "0001_initial")]

    operations = [SealTable("participants_disclosure")]
