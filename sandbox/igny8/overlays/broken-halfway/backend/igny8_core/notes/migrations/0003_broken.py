"""Fails in its second statement, and takes its first one back. The migration before it stays."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("igny8_notes", "0002_note_label")]

    operations = [
        migrations.RunSQL(
            sql="ALTER TABLE igny8_note ADD COLUMN colour text",
            reverse_sql="ALTER TABLE igny8_note DROP COLUMN colour",
        ),
        migrations.RunSQL(sql="SELECT made_to_fail", reverse_sql=migrations.RunSQL.noop),
    ]
