"""Takes some seconds before it locks anything, so that its server can be restarted meanwhile."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("igny8_notes", "0003_drop_label")]

    operations = [
        migrations.RunSQL(sql="SELECT pg_sleep(10)", reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            sql="ALTER TABLE igny8_note ADD COLUMN slow text",
            reverse_sql="ALTER TABLE igny8_note DROP COLUMN slow",
        ),
    ]
