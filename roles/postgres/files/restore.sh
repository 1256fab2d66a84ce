#!/bin/sh
# Restores $FOLDER/$DUMP into the empty database $PGDATABASE, stops at the first error, and writes what is there afterwards
# to $FOLDER/$NAME.restored.part. Runs in a container of the server's image.
set -eu
umask 077
# In the container's memory: neither the engine nor a list of processes or of their environments ever shows it.
PGPASSFILE=/dev/shm/pgpass
export PGPASSFILE
{ printf '*:*:*:*:'; sed 's/[\\:]/\\&/g' /run/secrets/postgres_password; } > "$PGPASSFILE"
pg_restore --no-password --exit-on-error --dbname="$PGDATABASE" "$FOLDER/$DUMP"
psql --no-psqlrc --no-password --quiet --tuples-only --no-align --file=/tools/contents.sql > "$FOLDER/$NAME.restored.part"
