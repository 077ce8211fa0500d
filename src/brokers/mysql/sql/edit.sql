-- Changes by people and by running jobs. A row of a state is locked before it is changed: one that is not there any more
-- says that the job has moved on.

-- name: lockWaitingOnes
select id, token from ganger_waiting where queue = ? and turn = ? and id in (?) order by id for update;

-- name: lockScheduledOne
select id, token from ganger_scheduled where due = ? and id = ? for update;

-- name: lockBlockedOnes
select id, token from ganger_blocked where id in (?) order by id for update;

-- name: lockRunningOnes
select id, token from ganger_running where id in (?) order by id for update;

-- name: lockFinishedOnes
select id, token from ganger_finished where queue = ? and state = ? and id in (?) order by id for update;

-- name: lockJobs
select id, 0 from ganger_jobs where id in (?) order by id for update;

-- name: tagsOf
select id, tags from ganger_jobs where id in (?) order by id for update;

-- name: dropScheduled
delete from ganger_scheduled where due = ? and id = ?;

-- name: dropBlocked
delete from ganger_blocked where id in (?);

-- name: dropFinished
delete from ganger_finished where queue = ? and state = ? and id in (?);

-- name: revive
update ganger_jobs set attempts = 0, crashes = 0, error = null, run_at = null where id in (?);

-- name: setQueue
update ganger_jobs set queue = ? where id in (?);

-- name: setPriority
update ganger_jobs set priority = ? where id in (?);

-- name: setTags
update ganger_jobs set tags = ? where id = ?;

-- name: stillHeld
select id, token from ganger_running where id in (?);

-- name: note
update ganger_running set progress = ? where id = ?;

-- name: addLogs
insert into ganger_logs (job, at, line) values ?;

-- name: trimLogs
delete from ganger_logs where job = ? and seq <
  (select min(seq) from (select seq from ganger_logs where job = ? order by seq desc limit ?) newest);

-- name: waitingIn
select id from ganger_waiting where queue = ? order by turn, id limit ?;

-- name: scheduledIn
select straight_join s.id from ganger_scheduled s join ganger_jobs j on j.id = s.id where j.queue = ? limit ?;

-- name: blockedIn
select straight_join b.id from ganger_blocked b join ganger_jobs j on j.id = b.id where j.queue = ? limit ?;

-- name: finishedIn
select id from ganger_finished where queue = ? and state = ? and id <= ? order by id limit ? for update skip locked;

-- name: newestFinished
select max(id) from ganger_finished where queue = ? and state = ?;

-- name: dropFinishedOf
delete from ganger_finished where id in (?) and queue = ? and state = ?;
