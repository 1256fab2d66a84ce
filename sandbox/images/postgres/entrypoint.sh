#!/bin/sh
# Creates the cluster on the first start, then becomes the server. Arguments go to postgres.
# Reads POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD_FILE; the password never enters argv or the environment.
set -eu

: "${POSTGRES_USER:?is not set: name the role that owns the database}"
: "${POSTGRES_DB:?is not set: name the database to create}"
: "${POSTGRES_PASSWORD_FILE:?is not set: name the file that holds the password of the role}"

write_access_rules() {
    # Inside the container only the operating system user postgres exists: it may act as both roles.
    cat > "$1/pg_hba.conf" <<RULES
local all all peer map=container
host  all all all scram-sha-256
RULES
    cat > "$1/pg_ident.conf" <<RULES
container postgres postgres
container postgres "$POSTGRES_USER"
RULES
}

create_role_and_database() {
    # psql reads the file itself, so the password is neither an argument nor exported.
    psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --host="$1" --username=postgres --dbname=postgres <<SQL
\\set name \`printenv POSTGRES_USER\`
\\set database \`printenv POSTGRES_DB\`
\\set password \`cat "\$POSTGRES_PASSWORD_FILE"\`
-- A statement that fails would be written to the log, password and all.
SET log_min_error_statement = panic;
CREATE ROLE :"name" LOGIN CREATEDB PASSWORD :'password';
GRANT pg_monitor TO :"name";
CREATE DATABASE :"database" OWNER :"name";
SQL
}

initialise() {
    # Built beside the final place and renamed at the end: a container killed half way starts over.
    new="$PGDATA.new"
    rm -rf "$new"
    initdb --pgdata="$new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=peer --auth-host=scram-sha-256 --data-checksums > /dev/null
    write_access_rules "$new"
    echo "listen_addresses = '*'" >> "$new/postgresql.conf"
    pg_ctl --pgdata="$new" --wait --silent --log=/dev/stderr \
        --options="-c listen_addresses= -c unix_socket_directories=/tmp" start
    create_role_and_database /tmp
    pg_ctl --pgdata="$new" --wait --silent --mode=fast stop
    mv "$new" "$PGDATA"
}

[ -r "$POSTGRES_PASSWORD_FILE" ] || {
    echo "$POSTGRES_PASSWORD_FILE cannot be read by uid $(id -u): mount it as a file owned by that uid" >&2
    exit 1
}
[ -s "$PGDATA/PG_VERSION" ] || initialise
exec postgres "$@"
