#!/bin/sh
# Writes $FOLDER/$NAME.part, and what the database held at that moment beside it. Runs in a container of the server's image.
set -eu
umask 077
# In the container's memory: neither the engine nor a list of processes or of their environments ever shows it.
PGPASSFILE=/dev/shm/pgpass
export PGPASSFILE
{ printf '*:*:*:*:'; sed 's/[\\:]/\\&/g' /run/secrets/postgres_password; } > "$PGPASSFILE"
psql --no-psqlrc --no-password --quiet --tuples-only --no-align --file=/tools/dump.sql > "$FOLDER/$NAME.contents.part"
[ -e /tmp/dumped ]
pg_restore --list "$FOLDER/$NAME.part" > /dev/null
sync "$FOLDER/$NAME.part"
