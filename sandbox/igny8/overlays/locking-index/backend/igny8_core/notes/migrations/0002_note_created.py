"""Builds an index in a transaction: nobody can write a note until it is done."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("igny8_notes", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="note", index=models.Index(fields=["created_at"], name="igny8_note_created")
        )
    ]
