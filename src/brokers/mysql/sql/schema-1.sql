-- Version 1. Each statement may run twice, for definitions are not part of a transaction. Times are milliseconds since
-- 1970 by the server's clock. A job's row is written once and read at each claim; where it is in its life says which of
-- the small tables names it. All texts compare by their bytes.

create table if not exists ganger_queues (
  id int not null auto_increment,
  name varchar(100) character set ascii collate ascii_bin not null,
  primary key (id),
  unique key name (name)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_jobs (
  id bigint not null auto_increment,
  queue int not null,
  name varchar(100) character set ascii collate ascii_bin not null,
  payload longtext not null,
  priority int not null,
  run_at bigint,
  attempts int not null default 0,
  interruptions int not null default 0,
  crashes int not null default 0,
  max_crashes int not null,
  options longtext,
  tags longtext,
  error longtext,
  enqueued_at bigint not null,
  primary key (id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

-- turn is the negated priority: the order of this table is the order of claims. token is that of the last claim.
create table if not exists ganger_waiting (
  queue int not null,
  turn int not null,
  id bigint not null,
  token int not null,
  primary key (queue, turn, id)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_scheduled (
  due bigint not null,
  id bigint not null,
  token int not null,
  primary key (due, id)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_blocked (
  id bigint not null,
  token int not null,
  primary key (id)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- Small: what all workers together hold now.
create table if not exists ganger_running (
  id bigint not null,
  token int not null,
  queue int not null,
  holder bigint not null,
  claimed_at bigint not null,
  progress double,
  primary key (id)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

-- state: 4 completed, 5 failed, 6 cancelled.
create table if not exists ganger_finished (
  queue int not null,
  state tinyint not null,
  id bigint not null,
  token int not null,
  finished_at bigint not null,
  expires_at bigint not null,
  result longtext,
  primary key (queue, state, id)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_history (
  job bigint not null,
  seq bigint not null auto_increment,
  at bigint not null,
  event varchar(20) character set ascii collate ascii_bin not null,
  detail text,
  primary key (job, seq),
  key seq (seq)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_logs (
  job bigint not null,
  seq bigint not null auto_increment,
  at bigint not null,
  line text not null,
  primary key (job, seq),
  key seq (seq)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_holders (
  id bigint not null auto_increment,
  name varchar(500) not null,
  queues longtext not null,
  alive_until bigint not null,
  primary key (id),
  unique key name (name)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_documents (
  name varbinary(1000) not null,
  value longtext not null,
  version bigint not null,
  primary key (name)
) engine = InnoDB row_format = dynamic default character set utf8mb4 collate utf8mb4_bin;

create table if not exists ganger_counters (
  name varchar(20) character set ascii collate ascii_bin not null,
  value bigint not null,
  primary key (name)
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;

insert ignore into ganger_counters (name, value) values ('version', 0), ('news', 0), ('deadlocks', 0);
