"""Adds a column that must be filled, which the release before it does not know."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("igny8_notes", "0001_initial")]

    operations = [migrations.AddField(model_name="note", name="kind", field=models.IntegerField(default=0))]
