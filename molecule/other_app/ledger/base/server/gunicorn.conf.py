"""How gunicorn serves the backend. The root file system is read-only."""

bind = "0.0.0.0:9000"
worker_class = "gthread"
workers = 2
threads = 4
graceful_timeout = 20
preload_app = True
worker_tmp_dir = "/dev/shm"
control_socket_disable = True
errorlog = "-"
