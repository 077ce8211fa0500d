-- include common
-- Keeps holders alive. ARGV: how long, then each holder and its queue list.
local alive_until = now + tonumber(ARGV[1])
for i = 2, #ARGV, 2 do
  call('ZADD', P .. ':alive', 'GT', alive_until, ARGV[i])
  call('HSET', P .. ':holders', ARGV[i], ARGV[i + 1])
end
return now
