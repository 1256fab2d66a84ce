"""Values that are none, shell, SQL and HAProxy's own words among them, by variable, and what is needed instead."""

from __future__ import annotations

SERVICE = {
    "built_image": "app",
    "part": "api",
    "memory": "1m",
    "cpus": 1,
    "stop_grace_seconds": 1,
    "healthcheck": {},
}
PATHS = {"login": "/in", "refresh": "/new", "logout": "/out", "me": "/me"}
PROBED = {"login": "/in", "refresh": "/new", "me": "/me", "index": "/"}
LOGIN = {"login_host": "db", "login_user": "app", "login_password": "x", "login_db": "app"}
SECRETS = {
    "django_secret_key": "a-key-of-more-than-32-characters-for-tests",
    "postgres_password": "bad-input-pass",
    "redis_password": "bad-input-pass",
}
DATABASE = {
    "image": "postgres:1", "uid": 1, "volume": "/data", "user": "app", "database": "app", "login_host": "db",
    "login_port": 1,
}  # fmt: skip
CACHE = {
    "image": "redis:1", "uid": 1, "volume": "/data", "max_memory": "1m", "health": ["x"], "login_host": "r",
    "login_port": 1,
}  # fmt: skip
WEIGHTS = dict.fromkeys(("me_bearer", "me_cookie", "row", "refresh", "index", "asset"), 1)
SMOKE = dict.fromkeys(("create", "remember", "id", "valid", "created", "expires"), "x")
MODULE = {"module": "redis", "distribution": "redis", "at_least": "1"}
REPLACED = {"new": "a", "target": "b", "kept": "c"}


def service(**changed: object) -> dict:
    """A release with one service, of which something is changed."""
    return {"igny8_backend": SERVICE | changed}


def data(postgres: dict | None = None, **redis: object) -> dict:
    """Data services of which something is changed."""
    return {"postgres": DATABASE | (postgres or {}), "redis": CACHE | redis}


BAD: dict[str, tuple[list, str]] = {
    # What a release is.
    "release_services": (
        [
            {"a;b": SERVICE},
            service(environment={"A=B": "x"}),
            service(secrets=["nope"]),
            service(part="db"),
            service(memory="lots"),
            service(cpus="$(x)"),
            service(image="--privileged"),
            service(stop_grace_seconds="soon"),
            service(networks=["nope"]),
            service(environment={"A": "x\0y"}),
            service(volumes=["media:/app/media"]),
            service(volumes=["/app/media"]),
            service(volumes=[{"type": "volume", "source": "media", "target": "/app/media"}]),
            service(volumes="/srv/media:/app/media"),
        ],
        "a name of at most 63|a name of an environment|one of release_secrets|api, web or|a size such as"
        "|a number above 0|the name of an image|a number, 0 or more,|one of release_networks|text without control"
        "|a folder or file of the host as|a list of folders",
    ),
    "release_secrets": ([SECRETS | {"../../../etc/cron.d/x": "x"}, SECRETS | {"a b": "x"}], "a name of a file"),
    "backend_signing_key": (["too-short"], "a key of 32 characters or more"),
    "postgres_password_name": (["../../../../etc/shadow", "nope"], r"one of release_secrets \(.*\)"),
    "backend_signing_key_name": (["nope", "../x"], r"one of release_secrets \(.*\)"),
    "backend_service": (["nope", "a b; reboot"], r"one of release_services \(.*\)"),
    "backend_build_arguments": ([{"A B": "x"}, {"A": "x\0"}], "a name of a build argument|text without control"),
    "frontend_build_arguments": ([{"--x": "x"}], "a name of a build argument"),
    "release_adopted_version": (["../x", "A", "a b"], "a name of at most 50"),
    "require_verified_on": (["../staging", "a b"], "the name of an inventory"),
    "reviewed": (["../x", "Yes"], "the id of a release"),
    "redis_password": (['x"\ny', "a\0b"], "text without control characters"),
    "postgres_login_password": (["a\nb"], "text without control characters"),
    "release_source": (
        ["../src", "ext::sh -c reboot", "/src\n/x", "-u", "http://example.org/x"],
        "an absolute path, or a git",
    ),
    "release_images": ([["x"]], "a mapping"),
    "igny8_version": (["../etc", "--help", "a b", "v" * 300, "$(reboot)"], "a name of at most 200"),
    "release": (["../etc", "--help", "a b", "$(reboot)"], "the id of a release"),
    "confirm_restore": (["../etc", "a b", "$(reboot)"], "the name of a backup"),
    "take_over": (["yes"], "the holder's id of 12 hex digits"),
    # Paths.
    "backend_dockerfile": (["../Dockerfile", "/etc/x", "a b", "-f"], "a path inside of the source"),
    "backend_source_folder": (["../../etc", "/etc", "a;b"], "a path inside of the source"),
    "frontend_source_folder": (["../../etc", "/etc", "$(id)"], "a path inside of the source"),
    "release_source_edits": ([{"path": "../x"}, {"files": {"login_form": "/etc/x"}}], "a path inside of the source"),
    "release_source_replacements": ([[REPLACED | {"target": "../x"}], [REPLACED | {"new": "/x"}]], "a path inside of"),
    "release_source_additions": ([[{"path": "../x", "src": "/x"}]], "a path inside of the source"),
    "migration_manage": (["../manage.py", "manage.py; id", "-c"], "a path in the image"),
    "migration_python": (["python -c x", "$(id)"], "a path in the image"),
    "edge_root": (["edge", "/", "/data/../etc", "/data/$(id)", "/srv/x\ny"], "an absolute path of letters"),
    "frontend_assets_path": (["assets", "/srv/../etc", "/srv/$(id)"], "an absolute path of letters"),
    "edge_container_maps_dir": (["/maps) x", "maps"], "an absolute path of letters"),
    "release_secrets_dir": (["/x:/etc", "/srv/../etc"], "an absolute path of letters"),
    "release_adopted_data": ([["/x/../etc"], ["/srv/$(id)"]], "an absolute path of letters"),
    "postgres_ca_cert": (["ca.pem", "/x:/etc:rw"], "an absolute path of letters"),
    "postgres_data_dir": (["/var/$(id)"], "an absolute path of letters"),
    "release_archive_dir": (["cache", "/tmp/../etc"], "an absolute path without '..'"),
    "edge_tls_certificate": (["/x.pem verify none", "x.pem", "/../x.pem"], "an absolute path of letters"),
    "edge_api_check_path": (["/livez # x", "livez", "/a b"], "a path of an address"),
    "edge_web_check_path": (["/up\n  x", "/{x}"], "a path of an address"),
    "edge_api_prefixes": (
        [["api/"], [], ["api/ }\n  http-request deny if { always_true"], ["/api/ }"], ["/a b"], [7]],
        "a list of one beginning of a path or more|the beginning of a path",
    ),
    "verify_paths": ([PATHS | {"login": "@evil.example/x"}, PATHS | {"me": "//evil.example"}], "a path of an address"),
    "prober_paths": ([PROBED | {"index": "/a b"}, PROBED | {"index": "x"}], "a path of an address"),
    "verify_register_path": (["@evil.example/x", "register"], "a path of an address"),
    "monitoring_backend_path": (["metrics", "/m x"], "a path of an address"),
    "verify_browser_site": ([{"home": "@evil.example"}, {"links": {"a\nb": "x"}}], "a path of an address|text of one"),
    # Numbers.
    "edge_public_port": ([0, 65536, "http", -1, 80.5, "8_0", "8\n"], "a (port from 1 to 65535|whole number, 0 or)"),
    "postgres_login_port": ([70000, "5_432"], "a port from 1 to 65535|a whole number"),
    "postgres_backup_keep": ([0, " 3"], "1 or more|a whole number"),
    "edge_drain_seconds": ([-1, "1; reboot", "inf"], "a whole number, 0 or more,"),
    "postgres_room_factor": (["big", "inf", "nan", "1e3"], "a number, 0 or more,"),
    "migration_lock_timeout_seconds": ([0, 61, "0"], "from 1 to 60 seconds"),
    "release_lease_seconds": ([0, 59], "60 seconds or more"),
    "prober_user_count": ([0], "a number above 0"),
    "prober_weights": ([WEIGHTS | {"refresh": -1}], "a number, 0 or more,"),
    "edge_watch_pause_seconds": ([0, 61], "from 1 to 60 seconds"),
    "deploy_watch_minutes": ([11, "inf"], "0 to 10 minutes|a number, 0 or more,"),
    "edge_watch_failed_share": ([1.1, "nan"], "a share from 0 to 1|a number, 0 or more,"),
    "monitoring_time_scale": ([0.5], "1 or more"),
    "monitoring_retention_days": ([0], "1 day or more"),
    "monitoring_scrape_seconds": ([0, 301], "from 1 to 300 seconds"),
    "verify_redis": ([{"db": "one"}, {"login_host": "a b"}], "a whole number, 0 or more,|the name or address"),
    # Hosts, addresses and what Docker names.
    "verify_url": (
        [
            "app",
            "ftp://app",
            "http://",
            "http://a b/",
            "http://app/\n",
            "javascript:alert(1)",
            "http://" + "a" * 9999,
            "https://user:bad-input-pass@app",
        ],
        "an address that begins with http",
    ),
    "monitoring_prometheus_url": (["prometheus", "http://p/?a=b"], "an address that begins with http"),
    "monitoring_purge_schedule": (["@hourly", "0 * * *"], "five fields as cron"),
    "postgres_login_host": (["a b", "$(reboot)", "höst", "a;b"], "the name or address of a host"),
    "monitoring_redis_host": (["a b", "$(x)"], "the name or address of a host"),
    "monitoring_listen_address": (["everywhere", "0.0.0.0:1 x"], "an IP address of the host"),
    "monitoring_alertmanagers": ([["http://x"], ["a b:1"]], "an Alertmanager as host:port"),
    "monitoring_retention_size": (["much", "1 GB"], "a size such as 1GB"),
    "monitoring_memory": (["much", "$(x)m"], "a size such as 512m"),
    "monitoring_project": (["My App", "a.b"], "a name of small letters"),
    "edge_network": (["a b", "$(reboot)", "../edge", "-x"], "a name of letters"),
    "release_networks": ([["a b; reboot"], ["-x"]], "a name of letters"),
    "postgres_image": (["Bad Name", "a;reboot", "--privileged"], "the name of an image"),
    "release_dns_options": ([["timeout:2 x"], ["$(x)"]], "an option as resolv.conf takes it"),
    "release_engine_at_least": (["new", "20; x"], "a version such as 2.18"),
    "data_services_wanted": (
        [
            data({"database": "a$b"}),
            data({"user": 'a"b'}),
            data(max_memory="1mb --save"),
            data(volume="/d:/x"),
            data(login_port=0),
            data(image="-x"),
            data(health=["a\nb"]),
        ],
        "a name of at most|a size such as|an absolute path|a port from|the name of an image|text without control",
    ),
    # Names that others take.
    "postgres_login_user": (["a\nb", "x" * 64, "a$b", "-U", 'a"b'], "a name of at most 63 letters"),
    "postgres_login_db": (["a\nb", "x" * 46, "a b", "-U", "a$b"], "a name of at most 45 letters"),
    "verify_postgres": ([LOGIN | {"login_db": "a;b"}, LOGIN | {"login_user": "a b"}], "a name of at most"),
    "health_token_table": (["tokens; DROP TABLE x", "a-b", '"q"'], "a name as PostgreSQL takes it"),
    "health_indexes": ([["x; DROP"], ["a b"]], "a name as PostgreSQL takes it"),
    "health_token_columns": ([{"id": "x; DROP"}], "a name as PostgreSQL takes it"),
    "redis_safe_policies": ([["No Eviction"]], "a policy as Redis names it"),
    "redis_cached_engines": ([["a b"], ["os; x"]], "a dotted name as Python takes it"),
    "backend_required_modules": (
        [[MODULE | {"module": "os; x"}], [MODULE | {"distribution": "-x"}], [MODULE | {"at_least": "new"}]],
        "a dotted name as Python|a name as pip|a version such as",
    ),
    "backend_settings": ([["SECRET_KEY; x"], ["a b"]], "a dotted name as Python takes it"),
    "release_required_features": ([["re fresh"]], "a dotted name as Python takes it"),
    "migration_smoke_names": ([SMOKE | {"create": "x()"}], "a dotted name as Python takes it"),
    "migration_smoke_model": (["Model", "a.b; x"], "the dotted path of a model"),
    "migration_allow": (["app.0001_x", ["0001_x"], ["a.b; x"]], "a list|a migration as app.name"),
    "verify_access_field": (["a b", '"x"'], "a name of a field"),
    "verify_login_fields": ([{"email": "a b"}], "a name of a field"),
    "verify_session_cookie": (["a=b; x", "a b"], "a name of letters, digits and _ . -"),
    "verify_rotate_header": ([{"X: Y": "1"}, {"X": "1\r\nY: 2"}], "a name of a header|text without control"),
    "prober_user_format": (["user", "%d%d", "%s"], "a name with one %d"),
    "monitoring_prometheus_user": (["a:b"], "a name without a colon"),
    "health_canary_users": ([["a,b"], ["a\nb"]], "a name of a user|text without control"),
    "postgres_ssl_mode": (["maybe"], "one of allow, disable"),
    "monitoring_state": (["removed", ""], "one of present, absent"),
}  # fmt: skip


def refusal(name: str) -> str:
    """A regular expression of the sentence that refuses a bad value of a variable."""
    return rf"{name} (is|has) .{{0,160}}; ({BAD[name][1]}).{{0,120}} is needed\."
