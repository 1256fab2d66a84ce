#!/bin/sh
# Becomes the Redis server. /etc/redis/redis.conf is mounted and holds `requirepass`;
# arguments such as `--appendonly yes` are settings that may be seen by everybody.
set -eu

conf=/etc/redis/redis.conf
[ -r "$conf" ] || {
    echo "$conf cannot be read by uid $(id -u): mount it as a file owned by that uid" >&2
    exit 1
}
grep -q '^requirepass ' "$conf" || {
    echo "$conf has no requirepass line: this server listens on a network and needs a password" >&2
    exit 1
}
# A command that names the server and its file suits images that need it.
[ "${1-}" != redis-server ] || shift
[ "${1-}" != "$conf" ] || shift
exec redis-server "$conf" --bind '*' --dir /var/lib/redis "$@"
