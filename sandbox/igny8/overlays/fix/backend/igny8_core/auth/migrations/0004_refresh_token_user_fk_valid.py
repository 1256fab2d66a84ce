"""Checks the rows under the new foreign key, with a lock that lets reads and writes go on."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("igny8_auth", "0003_refresh_token_user_fk")]

    operations = [
        migrations.RunSQL(sql="SET LOCAL lock_timeout = '2s'", reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            sql="ALTER TABLE auth_refresh_token VALIDATE CONSTRAINT rt_user_fk",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
