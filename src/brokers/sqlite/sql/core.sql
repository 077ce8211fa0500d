-- The contract's core. Every statement runs inside one write transaction; the caller reads the clock once for all of them.

-- name: now
select cast(unixepoch('subsec') * 1000 as integer);

-- name: queueId
select id from ganger_queues where name = ?;

-- name: addQueue
insert into ganger_queues (name) values (?) on conflict do nothing;

-- A lone job, a batch of jobs that differ in nothing but their payloads, and any batch: each member of
-- a JSON row costs a walk through its text, so that the second takes a quarter of the third's time.

-- name: insertJob
insert into ganger_jobs (queue, name, payload, priority, run_at, max_crashes, options, tags, enqueued_at)
values (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insertAlike
insert into ganger_jobs (queue, name, priority, run_at, max_crashes, options, tags, enqueued_at, payload)
select ?, ?, ?, ?, ?, ?, ?, ?, value from json_each(?);

-- name: insertJobs
insert into ganger_jobs (queue, name, payload, priority, run_at, max_crashes, options, tags, enqueued_at)
select value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, ?
from json_each(?);

-- name: hasWaiting
select 1 from ganger_waiting where queue = ? limit 1;

-- name: insertWaiting
insert into ganger_waiting (queue, rank, id)
select queue, -priority, id from ganger_jobs where id between ? and ? and run_at is null;

-- name: insertScheduled
insert into ganger_scheduled (due, id)
select run_at, id from ganger_jobs where id between ? and ? and run_at is not null;

-- name: nextDue
select due from ganger_scheduled order by due limit 1;

-- name: livingHolder
select id from ganger_holders where name = ? and alive_until > ?;

-- name: nextToken
update ganger_counters set value = value + 1 where name = 'token' returning value;

-- What few jobs have comes in one column, for every column of every row costs.
-- name: claimRows
select w.id, w.rank, j.name, j.payload, j.enqueued_at,
  case when j.attempts = 0 and j.crashes = 0 and j.interruptions = 0 and j.options is null then null
    else json_array(j.attempts, j.interruptions, j.crashes, j.options) end
from ganger_waiting w cross join ganger_jobs j on j.id = w.id
where w.queue = ? order by w.rank, w.id limit ?;

-- name: runBelow
insert into ganger_running (id, token, queue, holder, claimed_at)
select id, ?, queue, ?, ? from ganger_waiting where queue = ? and rank < ?;

-- name: runUpTo
insert into ganger_running (id, token, queue, holder, claimed_at)
select id, ?, queue, ?, ? from ganger_waiting where queue = ? and rank = ? and id <= ?;

-- name: takeBelow
delete from ganger_waiting where queue = ? and rank < ?;

-- name: takeUpTo
delete from ganger_waiting where queue = ? and rank = ? and id <= ?;

-- name: endClaims
delete from ganger_running where token = ? and id in (select value from json_each(?)) returning id, queue;

-- Completed claims of one token: entered among the finished while the claims still stand, which are ended after.
-- name: complete
insert into ganger_finished (queue, state, id, finished_at, expires_at)
select queue, 4, id, ?, ? from ganger_running where token = ? and id in (select value from json_each(?));

-- name: completeWithResult
insert into ganger_finished (queue, state, id, finished_at, expires_at, result)
select r.queue, 4, r.id, ?, ?, e.value ->> 1
from json_each(?) e cross join ganger_running r on r.id = e.value ->> 0 and r.token = ?
where true on conflict do nothing;

-- name: heldOf
select id from ganger_running where token = ? and id in (select value from json_each(?));

-- name: endCompleted
delete from ganger_running where token = ? and id in (select value from json_each(?));

-- name: finishWithOwnResult
insert into ganger_finished (queue, state, id, finished_at, expires_at, result) values (?, 4, ?, ?, ?, ?);

-- name: finish
insert into ganger_finished (queue, state, id, finished_at, expires_at) values (?, ?, ?, ?, ?);

-- name: putBack
insert into ganger_waiting (queue, rank, id) select queue, -priority, id from ganger_jobs where id = ?;

-- name: putOff
insert into ganger_scheduled (due, id) values (?, ?);

-- name: setRunAt
update ganger_jobs set run_at = ? where id = ?;

-- name: countAttempt
update ganger_jobs set attempts = attempts + ?, error = ? where id = ?;

-- name: countInterruption
update ganger_jobs set interruptions = interruptions + 1 where id = ?;

-- name: countCrash
update ganger_jobs set crashes = crashes + 1 where id = ? returning crashes, max_crashes;

-- name: setError
update ganger_jobs set error = ? where id = ?;

-- name: advanceJob
update ganger_jobs set queue = ?, payload = coalesce(?, payload), attempts = 0, run_at = ? where id = ?;

-- name: deleteJobs
delete from ganger_jobs where id in (select value from json_each(?));

-- name: deleteHistory
delete from ganger_history where job in (select value from json_each(?));

-- name: deleteLogs
delete from ganger_logs where job in (select value from json_each(?));

-- name: addHistory
insert into ganger_history (job, seq, at, event, detail)
values (?, 1 + coalesce((select max(seq) from ganger_history where job = ?), 0), ?, ?, ?);

-- name: trimHistory
delete from ganger_history
where job = ? and seq <= (select max(seq) from ganger_history where job = ?) - ?;

-- name: beat
insert into ganger_holders (name, queues, alive_until) values (?, ?, ?)
on conflict (name) do update set queues = excluded.queues, alive_until = max(alive_until, excluded.alive_until);

-- name: holderId
select id from ganger_holders where name = ?;

-- name: heldBy
select id, queue from ganger_running where holder = ? order by id;

-- name: endHeld
delete from ganger_running where holder = ?;

-- name: deleteHolder
delete from ganger_holders where id = ?;
