-- Documents with compare-and-set. Their names compare by bytes.

-- name: getDocument
select name, value, version from ganger_documents where name = ?;

-- name: lockVersion
select value from ganger_counters where name = 'version' for update;

-- name: setVersion
update ganger_counters set value = ? where name = 'version';

-- name: putDocument
replace into ganger_documents (name, value, version) values (?);

-- name: deleteDocument
delete from ganger_documents where name = ?;

-- name: deleteVersion
delete from ganger_documents where name = ? and version = ?;

-- name: listDocuments
select name, value, version from ganger_documents where name >= ? and left(name, ?) = ? order by name;
