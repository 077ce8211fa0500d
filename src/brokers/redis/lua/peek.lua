-- include common
-- Ids that a claim would hand out next, in that order. ARGV: queue, how many.
local queue = call('HGET', P .. ':queues', ARGV[1])
if not queue then return {} end
local limit = tonumber(ARGV[2])
local ranked = call('ZRANGE', key(queue, 'rank'), 0, limit - 1, 'WITHSCORES')
local plain = call('LRANGE', key(queue, 'wait'), 0, limit - 1)
local ids, p, r = {}, 1, 1
while #ids < limit and (plain[p] or ranked[r]) do
  local id = plain[p] and string.match(plain[p], '^%S+')
  local score = tonumber(ranked[r + 1])
  if not id or (score and (score < 0 or (score == 0 and ranked[r] < pad(id)))) then
    ids[#ids + 1] = unpad(ranked[r])
    r = r + 2
  else
    ids[#ids + 1] = id
    p = p + 1
  end
end
return ids
