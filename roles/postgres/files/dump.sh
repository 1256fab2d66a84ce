#!/bin/sh
# Writes $FOLDER/$NAME.part, and what the database held at that moment beside it. Runs in a container of the server's image.
set -eu
# Read inside the container: neither the engine nor a process list ever shows it.
PGPASSWORD="$(cat /run/secrets/postgres_password)"
export PGPASSWORD
umask 077
psql --no-psqlrc --no-password --quiet --tuples-only --no-align --file=/tools/dump.sql > "$FOLDER/$NAME.contents.part"
[ -e /tmp/dumped ]
pg_restore --list "$FOLDER/$NAME.part" > /dev/null
sync "$FOLDER/$NAME.part"
