"""Adds the table of user epochs. It refers to no other table, so no other table is locked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("igny8_auth", "0004_refresh_token_user_fk_valid")]

    operations = [
        migrations.CreateModel(
            name="UserEpoch",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("valid_from", models.DateTimeField()),
            ],
            options={"db_table": "auth_user_epoch"},
        ),
    ]
