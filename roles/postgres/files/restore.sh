#!/bin/sh
# Restores $FOLDER/$DUMP into the empty database $PGDATABASE, stops at the first error, and writes what is there afterwards
# to $FOLDER/$NAME.restored.part. Runs in a container of the server's image.
set -eu
# Read inside the container: neither the engine nor a process list ever shows it.
PGPASSWORD="$(cat /run/secrets/postgres_password)"
export PGPASSWORD
umask 077
pg_restore --no-password --exit-on-error --dbname="$PGDATABASE" "$FOLDER/$DUMP"
psql --no-psqlrc --no-password --quiet --tuples-only --no-align --file=/tools/contents.sql > "$FOLDER/$NAME.restored.part"
