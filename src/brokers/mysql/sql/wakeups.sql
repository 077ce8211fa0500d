-- What idle workers look at: the newest job, the newest thing that befell one, and a number that grows with all else that
-- is news. The first two are seen when the transaction that wrote them commits, also a user's.

-- name: news
select (select value from ganger_counters where name = 'news'),
  (select max(id) from ganger_jobs), (select max(seq) from ganger_history);

-- name: announce
update ganger_counters set value = value + 1 where name = 'news';
