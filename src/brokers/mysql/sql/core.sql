-- The contract's core. What locks or deletes goes by primary key and says so: a planner that believes a table to be empty
-- would lock all of it. Each call locks in one order: the holder, then rows of a state by id, then rows of jobs. The
-- server's clock is read once for all statements of a call.

-- name: now
select timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000;

-- name: setNow
set @ganger_now = timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000;

-- name: queueIds
select id, name from ganger_queues where name in (?);

-- name: addQueues
insert ignore into ganger_queues (name) values ?;

-- name: insertJobs
insert into ganger_jobs (queue, name, payload, priority, run_at, max_crashes, options, tags, enqueued_at) values ?;

-- name: setFirst
set @ganger_first = last_insert_id();

-- name: addWaiting
insert into ganger_waiting (queue, turn, id, token) values ?;

-- name: addScheduled
insert into ganger_scheduled (due, id, token) values ?;

-- name: addFinished
insert into ganger_finished (queue, state, id, token, finished_at, expires_at, result) values ?;

-- name: addRunning
insert into ganger_running (id, token, queue, holder, claimed_at) values ?;

-- A holder that is being released waits here for claims under way, and they for it.
-- name: livingHolder
select id, @ganger_now from ganger_holders where name = ? and alive_until > @ganger_now lock in share mode;

-- name: lockWaiting
select id, turn, token from ganger_waiting force index (primary)
where queue = ? order by turn, id limit ? for update skip locked;

-- name: dropWaiting
delete w from ganger_waiting w force index (primary) where ? and w.queue = ? and w.turn = ?;

-- name: dropWaitingOnes
delete w from ganger_waiting w force index (primary) where (w.queue, w.turn, w.id) in (?);

-- name: claimedJobs
select id, name, payload, priority, attempts, interruptions, crashes, enqueued_at, options
from ganger_jobs force index (primary) where ?;

-- A subquery in the list of columns is asked once a queue, whatever the planner thinks of it.
-- name: hasWaiting
select q.id, (select w.id from ganger_waiting w where w.queue = q.id limit 1) as found
from ganger_queues q where q.id in (?) having found is not null;

-- name: lockHeld
select id, token, queue from ganger_running force index (primary) where ? order by id for update;

-- name: lockHeldJobs
select r.id, r.token, r.queue, j.priority, j.attempts, j.crashes, j.max_crashes, r.holder,
  timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000
from ganger_running r force index (primary) straight_join ganger_jobs j force index (primary) on j.id = r.id
where ? order by r.id for update;

-- name: dropRunning
delete r from ganger_running r force index (primary) where ?;

-- name: countAttempt
update ganger_jobs set attempts = attempts + ?, error = ? where id = ?;

-- name: countInterruption
update ganger_jobs force index (primary) set interruptions = interruptions + 1 where id in (?);

-- name: countCrash
update ganger_jobs force index (primary) set crashes = crashes + 1 where id in (?);

-- name: setError
update ganger_jobs set error = ? where id = ?;

-- name: setRunAt
update ganger_jobs set run_at = ? where id = ?;

-- name: advanceJob
update ganger_jobs set queue = ?, payload = coalesce(?, payload), attempts = 0 where id = ?;

-- name: deleteJobs
delete j from ganger_jobs j force index (primary) where ?;

-- name: deleteHistory
delete h from ganger_history h force index (primary) where ?;

-- name: deleteLogs
delete l from ganger_logs l force index (primary) where ?;

-- name: addHistory
insert into ganger_history (job, at, event, detail) values ?;

-- Through a table of its own, as a statement may not read what it deletes from.
-- name: trimHistory
delete from ganger_history where job = ? and seq <
  (select min(seq) from (select seq from ganger_history where job = ? order by seq desc limit ?) newest);

-- name: longHistories
select job from ganger_history force index (primary) where job in (?) group by job having count(*) > ?;

-- name: beat
update ganger_holders force index (name) set alive_until =
  greatest(alive_until, timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 + ?)
where name in (?);

-- name: beating
select name, queues from ganger_holders where name in (?);

-- name: addHolders
insert into ganger_holders (name, queues, alive_until) values ?
on duplicate key update queues = values(queues), alive_until = greatest(alive_until, values(alive_until));

-- name: lockHolder
select id, @ganger_now from ganger_holders where name = ? and alive_until <= ? for update;

-- name: heldBy
select r.id, h.id from ganger_running r join ganger_holders h on h.id = r.holder where h.name = ?;

-- name: deleteHolder
delete from ganger_holders where id = ?;

-- name: countDeadlocks
update ganger_counters set value = value + ? where name = 'deadlocks';
