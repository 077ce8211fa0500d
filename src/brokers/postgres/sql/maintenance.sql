-- What coordinators do now and then, some thousands of rows at a time.

-- name: moveDue
with moved as (
  update ganger.jobs set state = 0, run_at = null
  where id = any (array(
    select j.id from ganger.jobs j where j.state = 1 and j.run_at <= ganger.now_ms()
    order by j.run_at, j.id limit $1::int for update skip locked
  ))
  returning id
)
select count(*), min(id) from moved;

-- name: nextDue
select j.run_at - ganger.now_ms() from ganger.jobs j where j.state = 1 order by j.run_at, j.id limit 1;

-- name: finishedCounts
select queue, state, count(*) from ganger.finished group by queue, state;

-- The oldest $3 of a queue and state after the id $4: those deleted before it may be there still, as dead entries.
-- name: pruneOldest
with gone as (
  delete from ganger.finished f
  where f.queue = $1 and f.state = $2 and f.id > $4::bigint and f.id <= (
    select max(id) from (
      select o.id from ganger.finished o
      where o.queue = $1 and o.state = $2 and o.id > $4::bigint order by o.id limit $3::int
    ) oldest
  )
  returning f.id
), forgotten as (
  delete from ganger.history h where h.job = any (array(select id from gone))
), silenced as (
  delete from ganger.logs l where l.job = any (array(select id from gone))
)
select count(*), max(id) from gone;

-- name: chunkEnd
select queue, state, id from ganger.finished
where (queue, state, id) > ($1::int, $2::int, $3::bigint) order by queue, state, id limit 1 offset $4::int;

-- name: pruneExpired
with gone as (
  delete from ganger.finished f
  where (f.queue, f.state, f.id) > ($1::int, $2::int, $3::bigint)
    and (f.queue, f.state, f.id) <= ($4::int, $5::int, $6::bigint) and f.expires_at <= ganger.now_ms()
  returning f.id
), forgotten as (
  delete from ganger.history h where h.job = any (array(select id from gone))
), silenced as (
  delete from ganger.logs l where l.job = any (array(select id from gone))
)
select count(*) from gone;
