-- What coordinators do now and then, some thousands of rows at most in each transaction.

-- name: nextDue
select due, timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 from ganger_scheduled order by due limit 1;

-- name: dueRows
select straight_join s.due, s.id, s.token, j.queue, j.priority
from ganger_scheduled s force index (primary) join ganger_jobs j force index (primary) on j.id = s.id
where s.due <= @ganger_now order by s.due, s.id limit ? for update skip locked;

-- name: overdueHolders
select name from ganger_holders
where alive_until <= timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 - ? order by name;

-- name: chunkOf
select queue, state, id, expires_at <= @ganger_now from ganger_finished
where (queue > ?) or (queue = ? and state > ?) or (queue = ? and state = ? and id > ?)
order by queue, state, id limit ?;

-- name: lockExpired
select queue, state, id from ganger_finished force index (primary)
where (queue, state, id) in (?) and expires_at <= @ganger_now order by queue, state, id for update skip locked;

-- name: finishedCounts
select queue, state, count(*) from ganger_finished group by queue, state;

-- name: oldestFinished
select id from ganger_finished force index (primary)
where queue = ? and state = ? order by id limit ? for update skip locked;

-- name: oldestDue
select count(*), min(due), timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000
from ganger_scheduled where due <= timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 - ?;

-- name: strayRunning
select count(*) from ganger_running r left join ganger_holders h on h.id = r.holder where h.id is null;

-- name: homeless
select count(*) from ganger_jobs j
left join ganger_running r on r.id = j.id
left join ganger_waiting w on w.queue = j.queue and w.turn = -j.priority and w.id = j.id
left join ganger_scheduled s on s.due = j.run_at and s.id = j.id
left join ganger_blocked b on b.id = j.id
left join ganger_finished c on c.queue = j.queue and c.state = 4 and c.id = j.id
left join ganger_finished f on f.queue = j.queue and f.state = 5 and f.id = j.id
left join ganger_finished x on x.queue = j.queue and x.state = 6 and x.id = j.id
where coalesce(r.id, w.id, s.id, b.id, c.id, f.id, x.id) is null;

-- name: variables
show variables where variable_name in ('version', 'version_comment', 'innodb_autoinc_lock_mode', 'max_allowed_packet',
  'innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin', 'binlog_format', 'transaction_isolation', 'tx_isolation',
  'innodb_buffer_pool_size', 'max_connections', 'auto_increment_increment', 'wsrep_on', 'read_only', 'time_zone');

-- name: sizes
select coalesce(sum(data_length + index_length), 0), coalesce(sum(data_free), 0)
from information_schema.tables where table_schema = database() and table_name like ?;

-- name: longTransactions
select trx_mysql_thread_id, timestampdiff(second, trx_started, now()) from information_schema.innodb_trx
where timestampdiff(second, trx_started, now()) >= ? order by trx_started limit 5;

-- name: historyLength
select count from information_schema.innodb_metrics where name = 'trx_rseg_history_len';

-- name: deadlocks
select value from ganger_counters where name = 'deadlocks';
