#!/bin/sh
# Runs a command of the build. pip and npm trust ca-bundle.crt beside this file, if it holds anything.
bundle="$(dirname "$0")/ca-bundle.crt"
if [ -s "$bundle" ]; then
    export PIP_CERT="$bundle" SSL_CERT_FILE="$bundle" NODE_EXTRA_CA_CERTS="$bundle" npm_config_cafile="$bundle"
fi
exec "$@"
