"""Healthy rows, as the reference app writes them for some 200 sessions, and a Redis as the data services set it up."""

from __future__ import annotations

from typing import Any

# Users 1-200. Sessions: 120 rotated each hour for most of a day, half of them with remember-me; 60 with remember-me,
# half a day old and idle; 20 that their users ended just now and 20 a week ago; 1 of the version without families.
ROWS = """
TRUNCATE auth_refresh_token, igny8_user, django_session RESTART IDENTITY CASCADE;
INSERT INTO igny8_user (password, email, is_active, created_at)
SELECT '', 'user' || n || '@example.test', n <> 200, now() FROM generate_series(1, 200) AS n;
INSERT INTO auth_refresh_token (token_id, user_id, family_id, created_at, expires_at, revoked_at, revoked_reason,
                                rotation_count, remember_me, confirmed_at)
SELECT gen_random_uuid(), n, md5('busy' || n)::uuid, began + r * interval '1 hour',
       began + CASE WHEN n % 2 = 0 THEN interval '20 days' ELSE interval '1 day' END,
       CASE WHEN r < 20 THEN began + (r + 1) * interval '1 hour' END, CASE WHEN r < 20 THEN 'rotated' END,
       r, n % 2 = 0, began + r * interval '1 hour' + interval '1 second'
FROM generate_series(1, 120) AS n, generate_series(0, 20) AS r,
     LATERAL (SELECT now() - interval '20 hours 20 minutes' - n * interval '1 second' AS began) AS start ORDER BY r, n;
UPDATE auth_refresh_token AS child SET parent_id = parent.id FROM auth_refresh_token AS parent
WHERE parent.family_id = child.family_id AND parent.rotation_count = child.rotation_count - 1;
INSERT INTO auth_refresh_token (token_id, user_id, family_id, created_at, expires_at, revoked_at, revoked_reason,
                                remember_me, confirmed_at)
SELECT gen_random_uuid(), n, md5('idle' || n)::uuid, now() - interval '12 hours', now() + interval '19 days 12 hours',
       NULL, NULL, true, now() - interval '12 hours'
FROM generate_series(121, 180) AS n
UNION ALL
SELECT gen_random_uuid(), n, md5('ended' || n)::uuid, now() - interval '3 hours', now() + interval '21 hours',
       now() - n * interval '1 minute', 'logout', false, now() - interval '3 hours'
FROM generate_series(11, 30) AS n
UNION ALL
SELECT gen_random_uuid(), n, md5('week' || n)::uuid, now() - interval '8 days', now() - interval '7 days',
       now() - interval '7 days', 'logout', false, NULL
FROM generate_series(1, 20) AS n
UNION ALL
SELECT md5('adopted')::uuid, 199, md5('adopted')::uuid, now() - interval '1 hour', now() + interval '3 days',
       NULL, NULL, false, now();
INSERT INTO django_session (session_key, session_data, expire_date)
SELECT 'session-' || n, 'x', now() + interval '1 day' FROM generate_series(1, 150) AS n;
ANALYZE auth_refresh_token;
"""
LIVE = 120 + 60 + 1
# What faults do to the schema; nothing where it is as it was.
REPAIR = """
TRUNCATE auth_refresh_token, django_session;
DROP SCHEMA IF EXISTS deploy_snapshot CASCADE;
DROP INDEX IF EXISTS rt_one_child;
CREATE UNIQUE INDEX IF NOT EXISTS rt_one_live_tip ON auth_refresh_token (family_id) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX rt_one_child ON auth_refresh_token (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS rt_user ON auth_refresh_token (user_id);
"""
UNIQUE_INDEXES = ["rt_token_uq", "rt_one_live_tip", "rt_one_child"]
INDEXES = ["rt_live_exp", "rt_created_cov", "rt_root", "rt_user", "rt_ended"]
TOKEN_OPTIONS: dict[str, Any] = {
    "table": "auth_refresh_token",
    "unique_indexes": UNIQUE_INDEXES,
    "indexes": INDEXES,
    "user_table": "igny8_user",
    "user_name_column": "email",
    "remember_seconds": 1_728_000,
    "default_seconds": 86_400,
}

KEY_FORMAT = ":1:django.contrib.sessions.cached_db{session_key}"
REDIS_CONFIG = {
    "maxmemory": "268435456",
    "maxmemory-policy": "volatile-ttl",
    "appendonly": "yes",
    "save": "900 1 300 10 60 1000",
}
SESSION_OPTIONS: dict[str, Any] = {"key_format": KEY_FORMAT, "db": 1, "cookie_seconds": 1_728_000}
SNAPSHOT_OPTIONS: dict[str, Any] = {"name": "v2-0123456789ab", "table": "auth_refresh_token"}
PROOF_OPTIONS: dict[str, Any] = {"table": "auth_refresh_token"}
