-- What a database holds, one line of JSON each: every object with its definition, the value of every sequence, the number of
-- rows of every table. Two databases that hold the same print the same, but for time and size. psql reads this, inside a transaction or alone.
-- What pg_dump leaves out is not listed: an index that is not valid, such as a concurrent build that was cut short. The rows of a
-- materialized view are not counted: pg_restore computes them anew, and they may have been out of date.
\set ON_ERROR_STOP on
-- So that every definition names the schemas of what it speaks of.
SELECT pg_catalog.set_config('search_path', '', false) AS contents_search_path \gset

SELECT json_build_object('kind', 'taken_at', 'name', current_database(), 'value', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
SELECT json_build_object('kind', 'database_bytes', 'name', current_database(), 'value', pg_database_size(current_database()));

WITH space AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname <> 'information_schema' AND nspname NOT LIKE 'pg\_%'
), extended AS (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), relation AS (
    SELECT c.*, format('%I.%I', nspname, relname) AS name
    FROM pg_class c JOIN space ON space.oid = relnamespace
    WHERE ('pg_class'::regclass, c.oid) NOT IN (SELECT classid, objid FROM extended)
), object (kind, name, definition) AS (
    SELECT 'schema', quote_ident(nspname), NULL FROM space
    UNION ALL SELECT 'extension', quote_ident(extname), NULL FROM pg_extension
    UNION ALL
    SELECT 'relation', name, concat_ws(' ', relkind, relpersistence, pg_get_userbyid(relowner), reloptions, relrowsecurity,
           pg_get_partkeydef(oid), pg_get_expr(relpartbound, oid), CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
    FROM relation WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT 'sequence', name, concat_ws(' ', format_type(seqtypid, NULL), seqstart, seqincrement, seqmin, seqmax, seqcycle)
    FROM relation JOIN pg_sequence ON seqrelid = oid
    UNION ALL
    SELECT 'column', format('%s.%I', name, attname), concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity,
           attgenerated, collname, pg_get_expr(adbin, adrelid))
    FROM relation JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    LEFT JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT 'constraint', format('%s.%I', name, conname), concat_ws(' ', pg_get_constraintdef(pg_constraint.oid), convalidated)
    FROM relation JOIN pg_constraint ON conrelid = relation.oid
    UNION ALL
    SELECT 'index', format('%I.%I', space.nspname, index.relname), pg_get_indexdef(indexrelid)
    FROM pg_index JOIN relation ON relation.oid = indrelid JOIN pg_class index ON index.oid = indexrelid
    JOIN space ON space.oid = index.relnamespace
    WHERE (indisvalid OR relation.relkind = 'p') AND indisready
    UNION ALL
    SELECT 'trigger', format('%s.%I', name, tgname), concat_ws(' ', pg_get_triggerdef(pg_trigger.oid), tgenabled)
    FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
    UNION ALL
    SELECT 'rule', format('%s.%I', name, rulename), pg_get_ruledef(pg_rewrite.oid)
    FROM relation JOIN pg_rewrite ON ev_class = relation.oid AND rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', format('%s.%I', name, polname), concat_ws(' ', polcmd, polpermissive, pg_get_expr(polqual, polrelid),
           pg_get_expr(polwithcheck, polrelid))
    FROM relation JOIN pg_policy ON polrelid = relation.oid
    UNION ALL
    SELECT 'function', format('%s(%s)', format('%I.%I', nspname, proname), pg_get_function_identity_arguments(p.oid)),
           CASE WHEN prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) END
    FROM pg_proc p JOIN space ON space.oid = pronamespace
    WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, objid FROM extended)
    UNION ALL
    SELECT 'type', format('%I.%I', nspname, typname), concat_ws(' ', typtype, format_type(NULLIF(typbasetype, 0), typtypmod),
           typnotnull, typdefault, (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid),
           (SELECT array_agg(pg_get_constraintdef(c.oid) ORDER BY conname) FROM pg_constraint c WHERE contypid = t.oid))
    FROM pg_type t JOIN space ON space.oid = typnamespace
    WHERE typtype IN ('d', 'e', 'r') AND ('pg_type'::regclass, t.oid) NOT IN (SELECT classid, objid FROM extended)
)
SELECT json_build_object('kind', 'object', 'name', kind || ' ' || name, 'value', coalesce(definition, ''))
FROM object ORDER BY kind, name;

-- One statement for each sequence and each table, which psql then runs.
SELECT format('SELECT json_build_object(''kind'', ''sequence'', ''name'', %1$L, ''value'', last_value) FROM %1$s', name)
FROM (
    SELECT format('%I.%I', schemaname, sequencename) AS name
    FROM pg_sequences
    WHERE increment_by > 0 AND schemaname NOT LIKE 'pg\_%' AND schemaname <> 'information_schema'
) AS sequence ORDER BY name \gexec

SELECT format('SELECT json_build_object(''kind'', ''rows'', ''name'', %1$L, ''value'', count(*)) FROM ONLY %1$s', name)
FROM (
    SELECT format('%I.%I', nspname, relname) AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind = 'r' AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
) AS relation ORDER BY name \gexec
SELECT json_build_object('kind', 'rows', 'name', 'large objects', 'value', count(*)) FROM pg_largeobject_metadata;
