#!/bin/sh
# load_images.sh HOST IMAGE...: copies into HOST's engine the images that it lacks or has in another state, and names them.
# Images are the same when layers and sources are: an id may differ between engines of different image stores.
set -eu
host=$1
shift

state='{{json .RootFS.Layers}} {{with .Config}}{{with .Labels}}{{index . "sandbox.sources"}}{{end}}{{end}}'
missing=''
for image in "$@"; do
    wanted=$(docker image inspect --format "$state" "$image")
    found=$(docker exec "$host" docker image inspect --format "$state" "$image" 2>/dev/null) || found=''
    if [ "$wanted" != "$found" ]; then
        missing="$missing $image"
    fi
done
if [ -n "$missing" ]; then
    # Together: layers that images share travel once.
    # shellcheck disable=SC2086
    docker save $missing | docker exec -i "$host" docker load
fi
