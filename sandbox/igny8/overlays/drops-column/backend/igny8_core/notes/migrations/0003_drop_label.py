"""Drops a column that the release before it may still write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("igny8_notes", "0002_note_label")]

    operations = [migrations.RemoveField(model_name="note", name="label")]
