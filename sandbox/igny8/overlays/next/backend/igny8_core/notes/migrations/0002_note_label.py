"""Adds a nullable column, which needs no rewrite of the table."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("igny8_notes", "0001_initial")]

    operations = [
        migrations.RunSQL(sql="SET LOCAL lock_timeout = '2s'", reverse_sql=migrations.RunSQL.noop),
        migrations.AddField(model_name="note", name="label", field=models.TextField(null=True)),
    ]
