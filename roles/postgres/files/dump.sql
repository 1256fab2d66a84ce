-- Says what the database holds and dumps it, both of one snapshot, however busy the database is meanwhile.
\set ON_ERROR_STOP on
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_export_snapshot() AS snapshot \gset
\setenv SNAPSHOT :snapshot
-- First, because sequences belong to no snapshot: those in the dump are never behind these.
\ir contents.sql
-- Its exit code does not reach psql: what it leaves behind says that it went well.
\! pg_dump --no-password --format=custom --lock-wait-timeout=60000 --snapshot="$SNAPSHOT" --file="$FOLDER/$NAME.part" && touch /tmp/dumped
COMMIT;
