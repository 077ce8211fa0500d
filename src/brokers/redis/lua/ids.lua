-- include common locate
-- Ids of the jobs in one place of a queue. ARGV: number of the queue, place, from, how many.
-- For `wait`, `from` is the serial number to come after, and the ids are in order; the others count from 0, unordered;
-- `run` is answered whole.
local queue, place, from, many = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local name = key(queue, place)
if place == 'run' then return call('HKEYS', name) end
if place == 'done' then return call('LRANGE', name, from, from + many - 1) end
if place ~= 'wait' then
  local ids = call('ZRANGE', name, from, from + many - 1)
  for i = 1, #ids do ids[i] = unpad(ids[i]) end
  return ids
end
local low, high = 0, call('LLEN', name)
while low < high do
  local middle = math.floor((low + high) / 2)
  if tonumber(string.match(call('LINDEX', name, middle), '^%d+')) > from then
    high = middle
  else
    low = middle + 1
  end
end
local ids = call('LRANGE', name, low, low + many - 1)
for i = 1, #ids do ids[i] = string.match(ids[i], '^%S+') end
return ids
