-- Documents with compare-and-set. In a write transaction each.

-- name: getDocument
select key, value, version from ganger_documents where key = ?;

-- name: putDocument
insert into ganger_documents (key, value, version) values (?, ?, ?)
on conflict (key) do update set value = excluded.value, version = excluded.version;

-- name: deleteDocument
delete from ganger_documents where key = ?;

-- name: listDocuments
select key, value, version from ganger_documents where key >= ? and substr(key, 1, length(?)) = ? order by key;

-- name: nextVersion
update ganger_counters set value = value + 1 where name = 'version' returning value;
