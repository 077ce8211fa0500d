-- Changes by people and by running jobs.

-- name: retry
with gone as (
  delete from ganger.finished f where f.id = any ($1::bigint[]) and f.state = 5
  returning f.id, f.enqueued_at, f.queue, f.rank, f.interruptions, f.max_crashes, f.name, f.payload, f.options, f.tags
), revived as (
  insert into ganger.jobs (id, enqueued_at, queue, rank, interruptions, max_crashes, state, name, payload, options, tags)
  select id, enqueued_at, queue, rank, interruptions, max_crashes, 0, name, payload, options, tags from gone
), noted as (
  insert into ganger.history (job, at, event) select id, ganger.now_ms(), 'revived' from gone
)
select id::text from gone;

-- name: move
with changed as (
  update ganger.jobs j set queue = $2::int where j.id = any ($1::bigint[]) and j.state < 3 returning j.id
), noted as (
  insert into ganger.history (job, at, event, detail) select id, ganger.now_ms(), 'moved', $3::text from changed
)
select id::text from changed;

-- name: prioritize
update ganger.jobs j set rank = $2::int where j.id = any ($1::bigint[]) and j.state < 3 returning j.id::text;

-- name: tagJobs
update ganger.jobs j
set tags = (
  select array_agg(t.tag order by t.place) from (
    select tag, min(place) as place
    from unnest(coalesce(j.tags, '{}') || $2::text[]) with ordinality as u(tag, place) group by tag
  ) t
  where not t.tag = any ($3::text[])
)
where j.id = any ($1::bigint[]) returning j.id::text;

-- name: tagFinished
update ganger.finished f
set tags = (
  select array_agg(t.tag order by t.place) from (
    select tag, min(place) as place
    from unnest(coalesce(f.tags, '{}') || $2::text[]) with ordinality as u(tag, place) group by tag
  ) t
  where not t.tag = any ($3::text[])
)
from (
  select q.id as queue, s.state, i.id from unnest($1::bigint[]) as i(id)
  cross join ganger.queues q cross join (values (4), (5), (6)) as s(state)
) p
where f.queue = p.queue and f.state = p.state and f.id = p.id returning f.id::text;

-- name: stillHeld
select j.id || ':' || j.token from unnest($1::bigint[], $2::bigint[]) as o(id, token)
cross join lateral (select id, token from ganger.jobs where id = o.id and token = o.token and state + 0 = 3 offset 0) j;

-- $1 notes as JSON: id, token, progress, log. $2 how many lines a job keeps.
-- name: annotate
with o as materialized (
  select * from json_to_recordset($1::json) as o(place int, id bigint, token bigint, progress double precision, log json)
), held as (
  select o.* from o cross join lateral (
    select 1 from ganger.jobs j where j.id = o.id and j.token = o.token and j.state + 0 = 3 offset 0
  ) j
), progressed as (
  update ganger.jobs j set progress = o.progress from o
  where o.progress is not null and j.id = o.id and j.token = o.token and j.state + 0 = 3
), lines as (
  select h.id, l.line, h.place, l.n from held h cross join lateral json_array_elements_text(h.log) with ordinality as l(line, n)
), trimmed as (
  delete from ganger.logs g
  where g.job = any (array(select id from lines)) and g.id = any (array(
    select x.id from (select id, count(*) as added from lines group by id) t
    cross join lateral (
      select y.id from ganger.logs y where y.job = t.id order by y.id desc offset greatest($2::int - t.added, 0)
    ) x
  ))
), noted as (
  insert into ganger.logs (job, at, line)
  select id, ganger.now_ms(), line from lines order by place, n
)
select id || ':' || token from held;

-- Empties a queue: $2 the states of finished jobs that are deleted, $3 those of others that are cancelled, in that order,
-- for what is cancelled now is to be looked at for a while. $4 how long. Each state is looked for by its own index.
-- name: clear
with n as materialized (
  select ganger.now_ms() as ms
), deleted as (
  delete from ganger.finished f where f.queue = $1 and f.state = any ($2::int[]) returning f.id
), forgotten as (
  delete from ganger.history h where h.job = any (array(select id from deleted))
), silenced as (
  delete from ganger.logs l where l.job = any (array(select id from deleted))
), gone as (
  delete from ganger.jobs j
  where j.state < 3 and j.id = any (array(
    select w.id from ganger.jobs w where w.queue = $1 and w.state = 0 and 0 = any ($3::int[])
    union all select s.id from ganger.jobs s where s.queue = $1 and s.state = 1 and 1 = any ($3::int[])
    union all select b.id from ganger.jobs b where b.queue = $1 and b.state = 2 and 2 = any ($3::int[])
  ))
  returning j.id, j.enqueued_at, j.queue, j.rank, j.attempts, j.interruptions, j.crashes, j.max_crashes, j.name,
    j.payload, j.options, j.tags, j.error, j.state
), entered as (
  insert into ganger.finished (id, enqueued_at, finished_at, expires_at, queue, rank, attempts, interruptions,
    crashes, max_crashes, state, name, payload, options, tags, error)
  select id, enqueued_at, n.ms, n.ms + $4::bigint, queue, rank, attempts, interruptions, crashes, max_crashes, 6, name,
    payload, options, tags, error
  from gone cross join n
), trimmed as (
  delete from ganger.history h
  where h.job = any (array(select id from gone)) and h.id = any (array(
    select x.id from gone
    cross join lateral (select y.id from ganger.history y where y.job = gone.id order by y.id desc offset 99) x
  ))
), noted as (
  insert into ganger.history (job, at, event, detail)
  select id, n.ms, 'cancelled', 'while ' || (array['waiting', 'scheduled', 'blocked'])[state + 1] from gone cross join n
)
select (select count(*) from deleted) + (select count(*) from gone);
