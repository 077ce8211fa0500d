-- Documents with compare-and-set. Versions are from one sequence for all, so that a document made anew never has a
-- version that it had before.

-- name: getDocument
select key, value, version from ganger.documents where key = $1;

-- name: putDocument
insert into ganger.documents (key, value, version) values ($1, $2, nextval('ganger.versions'))
on conflict (key) do update set value = excluded.value, version = excluded.version returning version;

-- name: addDocument
insert into ganger.documents (key, value, version) values ($1, $2, nextval('ganger.versions'))
on conflict do nothing returning version;

-- name: replaceDocument
update ganger.documents set value = $2, version = nextval('ganger.versions') where key = $1 and version = $3
returning version;

-- name: deleteDocument
delete from ganger.documents where key = $1 and ($2::bigint is null or version = $2) returning version;

-- name: listDocuments
select key, value, version from ganger.documents where key >= $1 and starts_with(key, $1) order by key;
