-- Changes by people and by running jobs. In one write transaction each.

-- name: dropWaiting
delete from ganger_waiting where queue = ? and rank = ? and id = ?;

-- name: dropScheduled
delete from ganger_scheduled where due = ? and id = ?;

-- name: dropBlocked
delete from ganger_blocked where id = ?;

-- name: dropRunning
delete from ganger_running where id = ?;

-- name: dropFinished
delete from ganger_finished where queue = ? and state = ? and id = ?;

-- name: revive
update ganger_jobs set attempts = 0, crashes = 0, error = null, run_at = null where id = ?;

-- name: setQueue
update ganger_jobs set queue = ? where id = ?;

-- name: setPriority
update ganger_jobs set priority = ? where id = ?;

-- name: setTags
update ganger_jobs set tags = ? where id = ?;

-- name: note
update ganger_running set progress = coalesce(?, progress) where id = ? and token = ?;

-- name: stillHeld
select 1 from ganger_running where id = ? and token = ?;

-- name: addLog
insert into ganger_logs (job, seq, at, line)
values (?, 1 + coalesce((select max(seq) from ganger_logs where job = ?), 0), ?, ?);

-- name: trimLogs
delete from ganger_logs where job = ? and seq <= (select max(seq) from ganger_logs where job = ?) - ?;

-- name: idsInQueue
select id from ganger_jobs where queue = ?;

-- name: clearFinished
delete from ganger_finished where queue = ? and state = ? returning id;
