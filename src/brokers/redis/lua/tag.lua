-- include common locate
-- Sets the tags of a job that were changed, unless another was faster. ARGV: id, tags as they were changed last or empty, new tags.
-- Answers 1, 0 when the tags are others by now, -1 when there is no such job.
if not locate(ARGV[1]) then return -1 end
if (call('HGET', P .. ':tags', ARGV[1]) or '') ~= ARGV[2] then return 0 end
call('HSET', P .. ':tags', ARGV[1], ARGV[3])
return 1
