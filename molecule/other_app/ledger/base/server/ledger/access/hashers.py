"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and one lane, so that many logins at once fit into a small container."""

    memory_cost = 19456
    parallelism = 1
