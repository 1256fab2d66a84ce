"""A WSGI application that cannot be loaded, so that the server exits as it starts."""

raise RuntimeError("this version is made to fail at its start")
