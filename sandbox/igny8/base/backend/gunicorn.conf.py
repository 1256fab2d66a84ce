"""How gunicorn serves the backend, and how it stops.

On SIGTERM `/livez` answers 503 for STOP_DELAY_SECONDS while requests are still taken, so that a proxy which
checks it stops sending; then the listeners close and requests in flight get up to 30 seconds to finish.
"""

import os
import time

from igny8_core import lifecycle

STOP_DELAY_SECONDS = float(os.environ.get("STOP_DELAY_SECONDS", "2"))

bind = os.environ.get("GUNICORN_BIND", "0.0.0.0:8000")
worker_class = "gthread"
workers = 2
threads = 8
graceful_timeout = 30
# Longer than any proxy keeps an idle connection: a server that closes first can lose a request on its way.
keepalive = 75
# Loading the app opens no connection, so the workers can share the loaded app and start sooner.
preload_app = True
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
errorlog = "-"


def when_ready(server) -> None:
    """Put the delay in front of gunicorn's own handling of SIGTERM."""
    stop_now = server.handle_term

    def stop_later() -> None:
        lifecycle.announce_stop()
        time.sleep(STOP_DELAY_SECONDS)
        stop_now()

    server.handle_term = stop_later
