-- Changes by people and by running jobs. A row of a state is locked before it is changed: one that is not there any more
-- says that the job has moved on.

-- name: lockWaitingOnes
select id, token from ganger_waiting force index (primary)
where (queue, turn, id) in (?) order by queue, turn, id for update;

-- name: lockScheduledOnes
select id, token from ganger_scheduled force index (primary)
where (due, id) in (?) order by due, id for update;

-- name: lockBlockedOnes
select id, token from ganger_blocked force index (primary) where id in (?) order by id for update;

-- name: lockRunningOnes
select id, token from ganger_running force index (primary) where id in (?) order by id for update;

-- name: lockFinishedOnes
select id, token from ganger_finished force index (primary)
where (queue, state, id) in (?) order by queue, state, id for update;

-- name: tagsOf
select id, tags from ganger_jobs force index (primary) where id in (?) order by id for update;

-- name: dropScheduled
delete s from ganger_scheduled s force index (primary) where (s.due, s.id) in (?);

-- name: dropBlocked
delete b from ganger_blocked b force index (primary) where b.id in (?);

-- name: dropFinished
delete f from ganger_finished f force index (primary) where (f.queue, f.state, f.id) in (?);

-- name: revive
update ganger_jobs force index (primary) set attempts = 0, crashes = 0, error = null, run_at = null where id in (?);

-- name: setQueue
update ganger_jobs set queue = ? where id in (?);

-- name: setPriority
update ganger_jobs set priority = ? where id in (?);

-- name: setTags
update ganger_jobs set tags = ? where id = ?;

-- name: stillHeld
select id, token from ganger_running force index (primary) where id in (?);

-- name: note
update ganger_running set progress = ? where id = ?;

-- name: addLogs
insert into ganger_logs (job, at, line) values ?;

-- name: trimLogs
delete from ganger_logs where job = ? and seq <
  (select min(seq) from (select seq from ganger_logs where job = ? order by seq desc limit ?) newest);

-- What a queue has: id, token, and what else is in the key.

-- name: waitingIn
select id, token, turn from ganger_waiting force index (primary)
where queue = ? order by turn, id limit ? for update skip locked;

-- name: finishedIn
select id, state from ganger_finished force index (primary)
where queue = ? order by state, id limit ? for update skip locked;

-- name: scheduledIn
select straight_join s.id, s.token, s.due from ganger_scheduled s join ganger_jobs j on j.id = s.id where j.queue = ? limit ?;

-- name: blockedIn
select straight_join b.id, b.token from ganger_blocked b join ganger_jobs j on j.id = b.id where j.queue = ? limit ?;
