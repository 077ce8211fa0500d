-- Reads alone; they lock nothing.

-- name: allQueues
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

-- name: ready
select q.name, (select w.id from ganger_waiting w where w.queue = q.id limit 1) as found
from ganger_queues q having found is not null order by q.name;

-- name: records
select straight_join
  j.id, q.name, j.name, j.payload, j.priority, j.attempts, j.interruptions, j.crashes, j.max_crashes,
  j.options, j.tags, j.error, j.enqueued_at, j.run_at,
  case
    when r.id is not null then 'running'
    when w.id is not null then 'waiting'
    when s.id is not null then 'scheduled'
    when b.id is not null then 'blocked'
    when c.id is not null then 'completed'
    when f.id is not null then 'failed'
    else 'cancelled'
  end,
  h.name, r.claimed_at, r.progress, coalesce(c.finished_at, f.finished_at, x.finished_at),
  coalesce(c.expires_at, f.expires_at, x.expires_at), c.result
from ganger_jobs j force index (primary)
join ganger_queues q on q.id = j.queue
left join ganger_running r on r.id = j.id
left join ganger_holders h on h.id = r.holder
left join ganger_waiting w on w.queue = j.queue and w.turn = -j.priority and w.id = j.id
left join ganger_scheduled s on s.due = j.run_at and s.id = j.id
left join ganger_blocked b on b.id = j.id
left join ganger_finished c on c.queue = j.queue and c.state = 4 and c.id = j.id
left join ganger_finished f on f.queue = j.queue and f.state = 5 and f.id = j.id
left join ganger_finished x on x.queue = j.queue and x.state = 6 and x.id = j.id
where j.id in (?);

-- name: history
select at, event, detail from ganger_history where job = ? order by seq;

-- name: logs
select at, line from ganger_logs where job = ? order by seq;

-- name: peek
select id from ganger_waiting where queue = ? order by turn, id limit ?;

-- name: listAll
select j.id from ganger_jobs j where j.id > ? /* filter */ order by j.id limit ?;

-- name: listWaiting
select straight_join j.id from ganger_jobs j
join ganger_waiting t on t.queue = j.queue and t.turn = -j.priority and t.id = j.id
where j.id > ? /* filter */ order by j.id limit ?;

-- name: listScheduled
select j.id from ganger_scheduled t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listBlocked
select j.id from ganger_blocked t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listRunning
select j.id from ganger_running t join ganger_jobs j on j.id = t.id where t.id > ? /* filter */ order by t.id limit ?;

-- name: listFinished
select straight_join t.id from ganger_queues q
join ganger_finished t on t.queue = q.id and t.state = ?
join ganger_jobs j on j.id = t.id
where t.id > ? /* filter */ order by t.id limit ?;

-- name: holders
select h.name, h.queues, h.alive_until, coalesce(r.held, 0)
from ganger_holders h
left join (select holder, count(*) as held from ganger_running group by holder) r on r.holder = h.id
order by h.name;
