-- The contract's core. Each statement is a transaction by itself unless its comment says otherwise: settle and claim
-- in one transaction deadlock. Rows are locked in the order of their ids, or skipped when another has them.

-- name: queueIds
select id, name from ganger.queues where name = any ($1::text[]);

-- name: addQueues
insert into ganger.queues (name) select distinct unnest($1::text[]) on conflict do nothing;

-- name: queueNamesOf
select id, name from ganger.queues where id = any ($1::int[]);

-- A batch of jobs that differ in nothing but their payloads: $1 queue, $2 name, $3 rank, $4 run at, $5 delay,
-- $6 max crashes, $7 options, $8 tags, $9 payloads. The answer is the first id where they follow one another, else all.
-- name: insertAlike
with added as (
  insert into ganger.jobs (queue, name, rank, run_at, state, max_crashes, options, tags, enqueued_at, payload)
  select $1::int, $2::text, $3::int, d.run_at, case when d.run_at is null then 0 else 1 end, $6::int, $7::text,
    case when $8::json is null then null else array(select json_array_elements_text($8::json)) end, d.ms, p.payload
  from (
    select n.ms, case when t.due > n.ms then t.due end as run_at
    from (select ganger.now_ms() as ms) n
    cross join lateral (select least(coalesce($4::bigint, n.ms + $5::bigint), 8640000000000000) as due) t
  ) d cross join unnest($9::text[]) as p(payload)
  returning id
)
select case when max(id) - min(id) = count(*) - 1 then min(id)::text else string_agg(id::text, ',') end from added;

-- Any batch: one array for each of queue, name, rank, run at, delay, max crashes, options, tags, payload.
-- name: insertJobs
with added as (
  insert into ganger.jobs (queue, name, rank, run_at, state, max_crashes, options, tags, enqueued_at, payload)
  select j.queue, j.name, j.rank, d.run_at, case when d.run_at is null then 0 else 1 end, j.max_crashes, j.options,
    case when j.tags is null then null else array(select json_array_elements_text(j.tags::json)) end, n.ms, j.payload
  from (select ganger.now_ms() as ms) n
  cross join unnest($1::int[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::int[], $7::text[], $8::text[],
    $9::text[]) as j(queue, name, rank, run_at, delay, max_crashes, options, tags, payload)
  cross join lateral (select least(coalesce(j.run_at, n.ms + j.delay), 8640000000000000) as due) t
  cross join lateral (select case when t.due > n.ms then t.due end as run_at) d
  returning id
)
select case when max(id) - min(id) = count(*) - 1 then min(id)::text else string_agg(id::text, ',') end from added;

-- $1 holder, $2 queues in order, $3 and $4 the rank and id up to which each queue was claimed before, $5 limit.
-- One LATERAL per queue: `queue = any (…)` would sort the backlog. Jobs of a higher priority than where the claims
-- have come to are looked for first; dead index entries before that place are not walked through again.
-- The holder's row is locked so that its release waits for this claim, or this claim sees it gone.
-- name: claim
with alive as materialized (
  select id from ganger.holders where name = $1 and alive_until > ganger.now_ms() for key share
), picked as materialized (
  select c.id
  from unnest($2::int[], $3::int[], $4::bigint[]) with ordinality as q(queue, rank, floor, place)
  cross join lateral (
    select above.id from (
      select j.id from ganger.jobs j
      where j.queue = q.queue and j.state = 0 and j.rank < q.rank
      order by j.rank, j.id limit $5::int for update skip locked
    ) above
    union all
    select onward.id from (
      select j.id from ganger.jobs j
      where j.queue = q.queue and j.state = 0 and (j.rank, j.id) > (q.rank, q.floor)
      order by j.rank, j.id limit $5::int for update skip locked
    ) onward
  ) c
  limit $5::int
)
update ganger.jobs j
set state = 3, token = t.token, holder = t.holder, claimed_at = t.ms
from (select alive.id as holder, nextval('ganger.tokens') as token, ganger.now_ms() as ms from alive) t
where j.id = any (array(select id from picked))
returning j.id, j.queue, j.rank, j.name, j.payload, j.enqueued_at, j.token,
  case when j.attempts = 0 and j.crashes = 0 and j.interruptions = 0 and j.options is null then null
    else json_build_array(j.attempts, j.interruptions, j.crashes, j.options)::text end;

-- Completed jobs that are kept equally long: $1 ids, $2 the token of all of them or null, $3 else an object of tokens by
-- id, $4 how long to keep, $5 an object of results by id or null. The answer is null when all claims held, else which did.
-- Not a join with the outcomes: a plan that was made while the table was empty would go through the whole of it. And
-- `state + 0`, so that it goes by id: while few jobs are held, all of them by their own index looks as cheap.
-- name: complete
with gone as (
  delete from ganger.jobs j
  where j.id = any ($1::bigint[]) and j.state + 0 = 3
    and j.token = coalesce($2::bigint, ($3::jsonb ->> j.id::text)::bigint)
  returning j.id, j.token, j.enqueued_at, j.queue, j.rank, j.attempts, j.interruptions, j.crashes, j.max_crashes,
    j.name, j.payload, j.options, j.tags, j.error, $5::jsonb ->> j.id::text as result
), entered as (
  insert into ganger.finished (id, enqueued_at, finished_at, expires_at, queue, rank, attempts, interruptions,
    crashes, max_crashes, state, name, payload, options, tags, error, result)
  select id, enqueued_at, n.ms, n.ms + $4::bigint, queue, rank, attempts, interruptions, crashes, max_crashes, 4, name,
    payload, options, tags, error, result
  from gone cross join (select ganger.now_ms() as ms) n
)
select case when count(*) = cardinality($1::bigint[]) then null else coalesce(string_agg(id || ':' || token, ','), '') end
from gone;

-- What befalls jobs that are not finished, each its own: $1 a list of moves (moves.ts), $2 the states it applies to.
-- Planned at each call: a plan that was made while the table was empty would go through the whole of it.
-- name: apply
with o as materialized (
  select * from json_to_recordset($1::json) as o(id bigint, token bigint, target int, attempts int, interruptions int,
    crashes int, resets boolean, error text, keep bigint, delay bigint, queue int, payload text, event text, detail text,
    names boolean, result text)
), n as materialized (
  select ganger.now_ms() as ms
), gone as (
  delete from ganger.jobs j using o
  where o.target >= 4 and j.id = o.id and j.state = any ($2::int[]) and (o.token is null or j.token = o.token)
  returning j.id, j.token, j.enqueued_at, j.queue, j.rank, j.attempts + o.attempts as attempts,
    j.interruptions + o.interruptions as interruptions, j.crashes + o.crashes as crashes, j.max_crashes, j.name,
    j.payload, j.options, j.tags, coalesce(o.error, j.error) as error, o.result, o.target, o.keep, o.event,
    case when o.names then 'while ' || (array['waiting', 'scheduled', 'blocked', 'running'])[j.state + 1] else o.detail end as detail
), kept as (
  update ganger.jobs j
  set state = o.target, run_at = case o.target when 1 then least(n.ms + o.delay, 8640000000000000) end,
    attempts = case when o.resets then 0 else j.attempts + o.attempts end,
    interruptions = j.interruptions + o.interruptions, crashes = j.crashes + o.crashes,
    error = coalesce(o.error, j.error), queue = coalesce(o.queue, j.queue), payload = coalesce(o.payload, j.payload),
    holder = null, claimed_at = null, progress = null
  from o cross join n
  where o.target < 4 and j.id = o.id and j.state = any ($2::int[]) and (o.token is null or j.token = o.token)
  returning j.id, j.token, o.event, o.detail
), entered as (
  insert into ganger.finished (id, enqueued_at, finished_at, expires_at, queue, rank, attempts, interruptions,
    crashes, max_crashes, state, name, payload, options, tags, error, result)
  select id, enqueued_at, n.ms, n.ms + keep, queue, rank, attempts, interruptions, crashes, max_crashes, target, name,
    payload, options, tags, error, result
  from gone cross join n where target < 9
), happened as (
  select id, event, detail from gone where target < 9 and event is not null
  union all select id, event, detail from kept where event is not null
), trimmed as (
  delete from ganger.history h
  where h.job = any (array(select id from happened)) and h.id = any (array(
    select x.id from happened t
    cross join lateral (select y.id from ganger.history y where y.job = t.id order by y.id desc offset 99) x
  ))
), noted as (
  insert into ganger.history (job, at, event, detail) select id, n.ms, event, detail from happened cross join n
), forgotten as (
  delete from ganger.history h where h.job = any (array(select id from gone where target = 9))
), silenced as (
  delete from ganger.logs l where l.job = any (array(select id from gone where target = 9))
)
select id || ':' || coalesce(token, 0) from gone union all select id || ':' || coalesce(token, 0) from kept;

-- Jobs whose crash is to be counted, locked for `apply` in the same transaction.
-- name: lockClaims
select j.id, j.token, j.crashes, j.max_crashes from ganger.jobs j
where j.id = any ($1::bigint[]) and j.state + 0 = 3 order by j.id for update;

-- name: lockHeld
select j.id, j.token, j.crashes, j.max_crashes from ganger.jobs j
where j.holder = $1 and j.state = 3 order by j.id for update;

-- name: deleteHolder
delete from ganger.holders where name = $1 returning id;

-- name: deleteOverdueHolder
delete from ganger.holders where name = $1 and alive_until <= ganger.now_ms() returning id;

-- name: overdueHolders
select name from ganger.holders where alive_until <= ganger.now_ms() - $1::bigint order by name;

-- name: beat
insert into ganger.holders as h (name, queues, alive_until)
select b.name, b.queues, ganger.now_ms() + $3::bigint from unnest($1::text[], $2::text[]) as b(name, queues)
on conflict (name) do update
set queues = excluded.queues, alive_until = greatest(h.alive_until, excluded.alive_until);

-- What a holder has and does not know of: $2 what it knows of.
-- name: giveBackLost
update ganger.jobs j set state = 0, holder = null, claimed_at = null, progress = null
from ganger.holders h
where h.name = $1 and j.holder = h.id and j.state = 3 and not j.id = any ($2::bigint[])
returning j.id;

-- Tells idle workers of jobs, and only where a queue was empty before them: where older ones wait, workers come back
-- by themselves. $1 channel, $2 what to say, $3 queues, $4 the first new id of each, $5 the id of an older one that may
-- still wait, which is looked at first: what is walked through otherwise may be long dead. $6 and $7 the first and last
-- id of a batch with scheduled jobs, or null. After the commit of the jobs, in a transaction of its own that waits for no disk.
-- name: wakeIdle
select pg_notify($1, $2) where exists (
  select 1 from unnest($3::int[], $4::bigint[], $5::bigint[]) as n(queue, id, older)
  where case
    when (select j.id from ganger.jobs j where j.id = n.older and j.queue = n.queue and j.state + 0 = 0) is not null
    then false
    else (
      select j.id from ganger.jobs j where j.queue = n.queue and j.state = 0 and j.id < n.id order by j.rank, j.id limit 1
    ) is null
  end
) or (
  select s.id from ganger.jobs s where s.state = 1 order by s.run_at, s.id limit 1
) between $6::bigint and $7::bigint;

-- The same of one job, which the statement right before on this connection has added: the newest number that it drew is
-- the job's. $1 channel, $2 what to say, $3 the queue, $4 an older job.
-- name: wakeForLast
select pg_notify($1, $2) where case
  when (select j.id from ganger.jobs j where j.id = $4::bigint and j.queue = $3::int and j.state + 0 = 0) is not null
  then false
  else (
    select j.id from ganger.jobs j where j.queue = $3::int and j.state = 0 and j.id < (select lastval())
    order by j.rank, j.id limit 1
  ) is null
end;

-- name: notify
select pg_notify($1, $2);

-- The version of what is there, and who answers: a pool of transactions drops our settings on the way.
-- name: opening
select v.version, v.oldest, current_setting('server_version_num')::int, current_setting('enable_seqscan'),
  pg_is_in_recovery() or current_setting('transaction_read_only')::boolean
from ganger.schema_version v;

-- name: schemaVersion
select version, oldest from ganger.schema_version;

-- name: setVersion
update ganger.schema_version set version = $1, oldest = $2;

-- Of a user's own connection: whether a transaction is open on it (asked without values, or a statement by itself is later than its own transaction), and which database of which server it is of. Our
-- tables may be in several: one for tests beside the real one.
-- name: inTransaction
select statement_timestamp() > transaction_timestamp() as is_open,
  (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text || ' ' || current_database() as place;
