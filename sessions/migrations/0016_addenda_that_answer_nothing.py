"""Which addenda came with another act. Those from before say nothing of it: they count as they did,
if the note's author is who added them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("group_sessions", "0015_last_day_of_who_leads")]

    operations = [
        migrations.AddField(
            model_name="addendum", name="automatic", field=models.BooleanField(default=False)
        ),
    ]
