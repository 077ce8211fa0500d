-- include common
-- needs-memory
-- Small documents with versions, in one hash `version value`, and their keys in one sorted set.
-- ARGV: key, expected version or empty, and the value to write; without one the document is deleted.
-- Answers with the version after that (0: deleted), or -1 when its version is not the expected one.
local name, expected, value = ARGV[1], ARGV[2], ARGV[3]
local found = call('HGET', P .. ':documents', name)
local version = found and string.match(found, '^%d+') or '0'
if expected ~= '' and expected ~= version then return -1 end
if value then
  -- From one counter for all, so that a document made anew never has a version that it had before.
  local next_version = call('INCR', P .. ':version')
  call('HSET', P .. ':documents', name, whole(next_version) .. ' ' .. value)
  call('ZADD', P .. ':keys', 0, name)
  return next_version
end
if not found then return -1 end
call('HDEL', P .. ':documents', name)
call('ZREM', P .. ':keys', name)
return 0
