-- Reads alone; none takes the write lock.

-- name: queueNames
select id, name from ganger_queues order by name;

-- name: countByState
select queue, 'waiting', count(*) from ganger_waiting group by queue
union all
select j.queue, 'scheduled', count(*) from ganger_scheduled s join ganger_jobs j on j.id = s.id group by j.queue
union all
select j.queue, 'blocked', count(*) from ganger_blocked b join ganger_jobs j on j.id = b.id group by j.queue
union all
select queue, 'running', count(*) from ganger_running group by queue
union all
select queue, case state when 4 then 'completed' when 5 then 'failed' else 'cancelled' end, count(*)
from ganger_finished group by queue, state;

-- name: nextReady
select queue from ganger_waiting where queue > ? order by queue limit 1;

-- name: queueName
select name from ganger_queues where id = ?;

-- name: records
select
  j.id, q.name as queue, j.name, j.payload, j.priority, j.attempts, j.interruptions, j.crashes, j.max_crashes,
  j.options, j.tags, j.error, j.enqueued_at, j.run_at,
  case
    when r.id is not null then 'running'
    when w.id is not null then 'waiting'
    when s.id is not null then 'scheduled'
    when b.id is not null then 'blocked'
    when f.state = 4 then 'completed'
    when f.state = 5 then 'failed'
    else 'cancelled'
  end as state,
  h.name as holder, r.claimed_at, r.progress, f.finished_at, f.expires_at, f.result
from json_each(?) e
cross join ganger_jobs j on j.id = e.value
join ganger_queues q on q.id = j.queue
left join ganger_running r on r.id = j.id
left join ganger_holders h on h.id = r.holder
left join ganger_waiting w on w.queue = j.queue and w.rank = -j.priority and w.id = j.id
left join ganger_scheduled s on s.due = j.run_at and s.id = j.id
left join ganger_blocked b on b.id = j.id
left join ganger_finished f on f.queue = j.queue and f.state in (4, 5, 6) and f.id = j.id
order by e.key;

-- name: history
select at, event, detail from ganger_history where job = ? order by seq;

-- name: logs
select at, line from ganger_logs where job = ? order by seq;

-- name: peek
select id from ganger_waiting where queue = ? order by rank, id limit ?;

-- name: listAll
select j.id from ganger_jobs j where j.id > ? /* filter */ order by j.id limit ?;

-- name: listWaiting
select j.id from ganger_waiting t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listScheduled
select j.id from ganger_scheduled t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listBlocked
select j.id from ganger_blocked t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listRunning
select j.id from ganger_running t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listFinished
select t.id from ganger_queues q
cross join ganger_finished t on t.queue = q.id and t.state = ? and t.id > ?
cross join ganger_jobs j on j.id = t.id
where true /* filter */ order by t.id limit ?;

-- name: holders
select h.name, h.queues, h.alive_until, (select count(*) from ganger_running r where r.holder = h.id) as held
from ganger_holders h order by h.name;
