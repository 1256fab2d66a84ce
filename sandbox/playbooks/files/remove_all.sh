# remove_all.sh LABEL: removes every container, volume and image of the label, whatever it is named.
set -eu
docker ps --all --quiet --filter "label=$1" | xargs --no-run-if-empty docker rm --force --volumes
docker volume ls --quiet --filter "label=$1" | xargs --no-run-if-empty docker volume rm
docker image ls --quiet --filter "label=$1" | sort -u | xargs --no-run-if-empty docker image rm --force
