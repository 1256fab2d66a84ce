"""Adds the foreign key to the users without checking the rows there are, so that its lock is held briefly.

The lock conflicts with logins, which update a user. Waiting for it would make logins queue behind the wait,
so the wait is short; a failure changes nothing and the migration can be run again.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("igny8_auth", "0002_refresh_token")]

    operations = [
        migrations.RunSQL(sql="SET LOCAL lock_timeout = '2s'", reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(
            sql=(
                "ALTER TABLE auth_refresh_token ADD CONSTRAINT rt_user_fk FOREIGN KEY (user_id) "
                "REFERENCES igny8_user (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID"
            ),
            reverse_sql="ALTER TABLE auth_refresh_token DROP CONSTRAINT rt_user_fk",
        ),
    ]
