-- Reads alone.

-- name: queueNames
select id, name from ganger.queues order by name;

-- name: countByState
select queue, state, count(*) from ganger.jobs group by queue, state
union all
select queue, state, count(*) from ganger.finished group by queue, state;

-- From queue to queue, for there may be a million jobs in one. Not in the order of names: with sorting off the planner
-- would rather join each name with each queue.
-- name: ready
with recursive next (queue) as (
  (select j.queue from ganger.jobs j where j.state = 0 order by j.queue limit 1)
  union all
  select (select j.queue from ganger.jobs j where j.state = 0 and j.queue > next.queue order by j.queue limit 1)
  from next where next.queue is not null
)
select q.name from next join ganger.queues q on q.id = next.queue;

-- name: jobColumns
j.id, q.name, j.name, j.payload, -j.rank, j.attempts, j.interruptions, j.crashes, j.max_crashes, j.options,
array_to_json(j.tags)::text, j.error, j.enqueued_at, j.run_at, j.state,
(select h.name from ganger.holders h where h.id = j.holder), j.claimed_at, j.progress, null::bigint, null::bigint, null::text
from ganger.jobs j join ganger.queues q on q.id = j.queue;

-- name: finishedColumns
f.id, q.name, f.name, f.payload, -f.rank, f.attempts, f.interruptions, f.crashes, f.max_crashes, f.options,
array_to_json(f.tags)::text, f.error, f.enqueued_at, null::bigint, f.state,
null::text, null::bigint, null::double precision, f.finished_at, f.expires_at, f.result;

-- name: finishedFrom
from ganger.finished f join ganger.queues q on q.id = f.queue;

-- The table has no index by id alone for jobs that completed: each queue is looked at.
-- name: finishedById
from ganger.queues q cross join lateral (
  select * from ganger.finished f where f.queue = q.id and f.state in (4, 5, 6) and f.id = $1 offset 0
) f;

-- name: history
select at, event, detail from ganger.history where job = $1 order by id;

-- name: logs
select at, line from ganger.logs where job = $1 order by id;

-- name: holders
select h.name, h.queues, h.alive_until, h.alive_until > ganger.now_ms(),
  (select count(*) from ganger.jobs j where j.holder = h.id and j.state = 3)
from ganger.holders h order by h.name;
