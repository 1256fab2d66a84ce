#!/bin/sh
# Behind an edge, which sends /api/ to the backend itself, a page under /api/ would be taken for the backend's answer.
# Without one, API_UPSTREAM names the backend (host:port) and page and API are one origin.
set -eu
if [ -n "${API_UPSTREAM:-}" ]; then
    # Docker's own DNS is asked again while nginx runs, so a backend that is made anew is found.
    cat > /tmp/api.conf <<EOF
resolver 127.0.0.11 valid=2s;
set \$api_upstream http://$API_UPSTREAM;
location ^~ /api/ {
    proxy_pass \$api_upstream;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host \$http_host;
    proxy_set_header X-Forwarded-For \$remote_addr;
    proxy_set_header X-Forwarded-Proto \$scheme;
}
EOF
else
    echo 'location ^~ /api/ { return 404; }' > /tmp/api.conf
fi
# The log file that is compiled in cannot be opened by this user: -e comes before the configuration is read.
exec nginx -e stderr
