-- What an operator should know. $1 is the name of our schema.

-- name: server
select current_setting('server_version'), current_setting('autovacuum'), current_setting('fsync'),
  current_setting('synchronous_commit'), current_setting('full_page_writes'),
  current_setting('max_connections')::int, (select count(*) from pg_stat_activity where backend_type = 'client backend');

-- What all sessions ran into, by the server's own statistics.
-- name: deadlocks
select deadlocks, to_char(stats_reset, 'YYYY-MM-DD HH24:MI') from pg_stat_database where datname = current_database();

-- The counts of a server that crashed begin at nothing; what a vacuum found stays. The last: how many bytes a row takes in the table itself, by the statistics of its columns; 0 before there are any.
-- name: tables
select s.relname, case when s.n_live_tup + s.n_dead_tup > 0 then s.n_live_tup else c.reltuples::bigint end, s.n_dead_tup, pg_total_relation_size(s.relid), pg_relation_size(s.relid),
  coalesce('autovacuum_enabled=false' = any (c.reloptions) or 'autovacuum_enabled=off' = any (c.reloptions), false),
  coalesce((select 28 + sum(w.avg_width * (1 - w.null_frac)) from pg_stats w
    where w.schemaname = s.schemaname and w.tablename = s.relname), 0)::int
from pg_stat_user_tables s join pg_class c on c.oid = s.relid
where s.schemaname = $1 order by s.relname;

-- What keeps dead rows of this database from being removed, the oldest first: sessions and prepared transactions, by their time.
-- name: snapshots
select * from (
  select 'the session ' || pid || ' of ' || coalesce(nullif(application_name, ''), usename, '?') as who,
    extract(epoch from clock_timestamp() - xact_start)::int as seconds
  from pg_stat_activity
  where xact_start is not null and (backend_xmin is not null or backend_xid is not null) and pid <> pg_backend_pid()
    and backend_type = 'client backend' and datname = current_database()
  union all
  select 'the prepared transaction ' || gid, extract(epoch from clock_timestamp() - prepared)::int from pg_prepared_xacts
  where database = current_database()
) s order by seconds desc limit 1;

-- … and standbys that say what they still read, and replication slots, which have no time: by the transactions since then.
-- name: horizons
select * from (
  select 'the standby ' || coalesce(nullif(application_name, ''), host(client_addr), '?') as who, age(backend_xmin) as behind
  from pg_stat_replication where backend_xmin is not null
  union all
  select 'the replication slot ' || slot_name, age(xmin) from pg_replication_slots where xmin is not null
) s order by behind desc limit 1;

-- Whether sessions of others can be seen, and whether there are any.
-- name: sight
select pg_has_role(current_user, 'pg_read_all_stats', 'usage'), exists (
  select from pg_stat_activity a
  where a.datname = current_database() and not pg_has_role(current_user, a.usesysid, 'usage')
);

-- name: slots
select slot_name, active, case when pg_is_in_recovery() then null
  else pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint end
from pg_replication_slots where restart_lsn is not null;

-- name: strayClaims
select count(*) from ganger.jobs j
where j.state = 3 and not exists (select 1 from ganger.holders h where h.id = j.holder);

-- name: strayJobs
select count(*) from ganger.jobs j
where j.state not in (0, 1, 2, 3) or not exists (select 1 from ganger.queues q where q.id = j.queue)
  or (j.state = 1) <> (j.run_at is not null);

-- name: twins
select count(*) from ganger.jobs j where exists (
  select 1 from ganger.queues q cross join (values (4), (5), (6)) as s(state)
  join ganger.finished f on f.queue = q.id and f.state = s.state and f.id = j.id
) and j.id in (select i.id from ganger.jobs i order by i.id limit 10000);

-- name: oldestDue
select count(*), max(ganger.now_ms() - run_at) from ganger.jobs j
where j.state = 1 and j.run_at <= ganger.now_ms() - $1::bigint;
