-- Version 1. Runs in one transaction under the write lock. Times are milliseconds since 1970 by SQLite's clock.
-- A job's row is written once and read at each claim; where it is in its life says which of the small tables names it.
-- So a run costs a claim and a settle of a few bytes, however large the payload.

create table ganger_queues (
  id integer primary key,
  name text not null unique
) strict;

create table ganger_jobs (
  id integer primary key autoincrement,
  queue integer not null,
  name text not null,
  payload text not null,
  priority integer not null,
  run_at integer,
  attempts integer not null default 0,
  interruptions integer not null default 0,
  crashes integer not null default 0,
  max_crashes integer not null,
  options text,
  tags text,
  error text,
  enqueued_at integer not null
) strict;

-- rank is the negated priority: the order of this table is the order of claims.
create table ganger_waiting (
  queue integer not null,
  rank integer not null,
  id integer not null,
  primary key (queue, rank, id)
) strict, without rowid;

create table ganger_scheduled (
  due integer not null,
  id integer not null,
  primary key (due, id)
) strict, without rowid;

create table ganger_blocked (
  id integer primary key
) strict;

-- Small: what all workers together hold now.
create table ganger_running (
  id integer primary key,
  token integer not null,
  queue integer not null,
  holder integer not null,
  claimed_at integer not null,
  progress real
) strict;

-- state: 4 completed, 5 failed, 6 cancelled.
create table ganger_finished (
  queue integer not null,
  state integer not null,
  id integer not null,
  finished_at integer not null,
  expires_at integer not null,
  result text,
  primary key (queue, state, id)
) strict, without rowid;

create table ganger_history (
  job integer not null,
  seq integer not null,
  at integer not null,
  event text not null,
  detail text,
  primary key (job, seq)
) strict, without rowid;

create table ganger_logs (
  job integer not null,
  seq integer not null,
  at integer not null,
  line text not null,
  primary key (job, seq)
) strict, without rowid;

create table ganger_holders (
  id integer primary key autoincrement,
  name text not null unique,
  queues text not null,
  alive_until integer not null
) strict;

create table ganger_documents (
  key text primary key,
  value text not null,
  version integer not null
) strict, without rowid;

create table ganger_counters (
  name text primary key,
  value integer not null
) strict, without rowid;

insert into ganger_counters (name, value) values ('token', 0), ('version', 0);
