-- Back to nothing: jobs and all. The schema itself stays, for it may have been made by somebody else.
drop table ganger.jobs, ganger.finished, ganger.history, ganger.logs, ganger.holders, ganger.queues,
  ganger.documents, ganger.schema_version;
drop sequence ganger.tokens, ganger.versions;
drop function ganger.now_ms();
