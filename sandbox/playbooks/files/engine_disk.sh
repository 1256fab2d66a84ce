# engine_disk.sh save|seed DISK CACHE: copies an engine's disk (a stopped engine's) to the cache or from it.
# Both are folders of one file system. The cache is whole or not there: CACHE/saved appears by a rename.
set -eu
disk=$2
cache=$3

copy_disk() {
    # Layers of images are never written again, so links to them cost no time and no space.
    if [ -d "$1/overlay2" ]; then
        cp --archive --link "$1/overlay2" "$2/"
    fi
    find "$1" -mindepth 1 -maxdepth 1 ! -name overlay2 -exec cp --archive {} "$2/" \;
}

save() {
    flock --exclusive 9
    rm -rf "$cache/new" "$cache/old"
    mkdir "$cache/new"
    copy_disk "$disk" "$cache/new"
    if [ -d "$cache/saved" ]; then mv "$cache/saved" "$cache/old"; fi
    mv "$cache/new" "$cache/saved"
    rm -rf "$cache/old"
}

seed() {
    # Several hosts may copy at once, but not while the cache is being replaced.
    flock --shared 9
    if [ -d "$cache/saved" ]; then copy_disk "$cache/saved" "$disk"; fi
}

exec 9>"$cache/lock"
"$1"
