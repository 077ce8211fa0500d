-- Back from version 1: deletes everything, jobs and all.
drop table if exists ganger_jobs;
drop table if exists ganger_waiting;
drop table if exists ganger_scheduled;
drop table if exists ganger_blocked;
drop table if exists ganger_running;
drop table if exists ganger_finished;
drop table if exists ganger_history;
drop table if exists ganger_logs;
drop table if exists ganger_holders;
drop table if exists ganger_documents;
drop table if exists ganger_counters;
drop table if exists ganger_queues;
