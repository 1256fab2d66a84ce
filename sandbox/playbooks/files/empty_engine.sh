# Leaves images and build cache, removes everything else of an engine.
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes
docker volume ls --quiet | xargs --no-run-if-empty docker volume rm --force
docker network prune --force
