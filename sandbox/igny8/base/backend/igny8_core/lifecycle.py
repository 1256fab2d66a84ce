"""Whether this server has been told to stop: one byte that the gunicorn master shares with its workers."""

import mmap

# Anonymous shared memory, mapped before the workers are forked.
_stopping = mmap.mmap(-1, 1)


def announce_stop() -> None:
    """Say, for every worker, that the server is about to stop."""
    _stopping[0] = 1


def is_stopping() -> bool:
    """True once `announce_stop` was called in the master or in any worker."""
    return _stopping[0] == 1
