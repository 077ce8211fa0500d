-- Back from version 1 to nothing: all jobs are deleted. Runs in one transaction under the write lock.

drop table ganger_counters;
drop table ganger_documents;
drop table ganger_holders;
drop table ganger_logs;
drop table ganger_history;
drop table ganger_finished;
drop table ganger_running;
drop table ganger_blocked;
drop table ganger_scheduled;
drop table ganger_waiting;
drop table ganger_jobs;
drop table ganger_queues;
