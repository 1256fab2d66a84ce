"""A migration that fails half way and leaves its first half behind, because it runs outside a transaction.

What it leaves is harmless, and running it again fails in the same way.
"""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("igny8_notes", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql="CREATE TABLE IF NOT EXISTS igny8_half_migrated (id bigint PRIMARY KEY)",
            reverse_sql="DROP TABLE IF EXISTS igny8_half_migrated",
        ),
        migrations.RunSQL(
            sql="SELECT made_to_fail FROM igny8_half_migrated", reverse_sql=migrations.RunSQL.noop
        ),
    ]
