#!/bin/sh
# Exits 0 when Redis answers PONG. The password goes to redis-cli on standard input, never in argv.
set -eu

# redis-cli reads a quoted word as the server does.
password=$(sed -n 's/^requirepass  *//p' /etc/redis/redis.conf)
printf 'AUTH %s\nPING\n' "$password" | redis-cli | grep -q '^PONG$'
