-- What idle workers look at: the newest job, and a number that grows with every other thing that is news.

-- name: news
select (select value from ganger_counters where name = 'news'), (select max(id) from ganger_jobs);

-- name: announce
update ganger_counters set value = value + 1 where name = 'news';
