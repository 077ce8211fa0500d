-- What coordinators do now and then. Each in a write transaction of its own, some thousands of rows at most.

-- name: dueRows
select s.due, s.id, j.queue, j.priority from ganger_scheduled s join ganger_jobs j on j.id = s.id
where s.due <= ? order by s.due, s.id limit ?;

-- name: insertDue
insert into ganger_waiting (queue, rank, id) values (?, ?, ?);

-- name: dropDue
delete from ganger_scheduled where due = ? and id = ?;

-- name: overdueHolders
select name from ganger_holders where alive_until <= ?;

-- name: chunkEnd
select queue, state, id from ganger_finished
where (queue, state, id) > (?, ?, ?) order by queue, state, id limit 1 offset ?;

-- name: expiredInChunk
select queue, state, id from ganger_finished
where (queue, state, id) > (?, ?, ?) and (queue, state, id) <= (?, ?, ?) and expires_at <= ?;

-- name: finishedCounts
select queue, state, count(*) from ganger_finished group by queue, state;

-- name: pruneOldest
delete from ganger_finished where queue = ? and state = ? and id in
  (select id from ganger_finished where queue = ? and state = ? order by id limit ?)
returning id;

-- name: quickCheck
pragma quick_check(1);

-- name: strayRunning
select count(*) from ganger_running where holder not in (select id from ganger_holders);

-- name: homeless
select count(*) from ganger_jobs j
where not exists (select 1 from ganger_running t where t.id = j.id)
  and not exists (select 1 from ganger_waiting t where t.queue = j.queue and t.rank = -j.priority and t.id = j.id)
  and not exists (select 1 from ganger_scheduled t where t.due = j.run_at and t.id = j.id)
  and not exists (select 1 from ganger_blocked t where t.id = j.id)
  and not exists (select 1 from ganger_finished t where t.queue = j.queue and t.state in (4, 5, 6) and t.id = j.id);

-- name: oldestDue
select count(*), min(due) from ganger_scheduled where due <= ?;

-- name: journalMode
pragma journal_mode;
