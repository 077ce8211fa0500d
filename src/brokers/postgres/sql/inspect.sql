-- Reads alone.

-- name: queueNames
select id, name from ganger.queues order by name;

-- name: countByState
select queue, state, count(*) from ganger.jobs group by queue, state
union all
select queue, state, count(*) from ganger.finished group by queue, state;

-- From queue to queue, for there may be a million jobs in one: between those of which is known up to where they were
-- claimed ($1 queues, $2 and $3 the rank and id of each; $4 and $5 the numbers between which the others are). Of these
-- the dead entries before that place are walked through only when nothing is after it, and if $6. Not in the order of
-- names: with sorting off the planner would rather join each name with each queue.
-- name: ready
with recursive next (queue, high) as (
  select (
    select j.queue from ganger.jobs j where j.state = 0 and j.queue > g.low and j.queue < g.high order by j.queue limit 1
  ), g.high
  from unnest($4::int[], $5::int[]) as g(low, high)
  union all
  select (
    select j.queue from ganger.jobs j where j.state = 0 and j.queue > next.queue and j.queue < next.high
    order by j.queue limit 1
  ), next.high
  from next where next.queue is not null
), marked (queue) as (
  select m.queue from unnest($1::int[], $2::int[], $3::bigint[]) as m(queue, rank, floor)
  where case
    when (
      select j.id from ganger.jobs j where j.queue = m.queue and j.state = 0 and j.rank < m.rank order by j.rank, j.id limit 1
    ) is not null then true
    when (
      select j.id from ganger.jobs j where j.queue = m.queue and j.state = 0 and (j.rank, j.id) > (m.rank, m.floor)
      order by j.rank, j.id limit 1
    ) is not null then true
    else $6::boolean and (
      select j.id from ganger.jobs j where j.queue = m.queue and j.state = 0 order by j.rank, j.id limit 1
    ) is not null
  end
)
select q.name from (select queue from next union all select queue from marked) r join ganger.queues q on q.id = r.queue;

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

-- name: holderNames
select name from ganger.holders;
