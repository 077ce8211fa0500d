-- The books of all queues: their numbers, and when the next job of each is due.

-- The number of a queue, which is made when there is none.
local function number_of(name)
  local known = call('HGET', P .. ':queues', name)
  if known then return known end
  local number = whole(call('HLEN', P .. ':queues') + 1)
  call('HSET', P .. ':queues', name, number)
  call('HSET', P .. ':names', number, name)
  return number
end

-- Keeps in the index of queues when the next job of this one is due.
local function refresh_due(queue)
  local first = call('ZRANGE', key(queue, 'later'), 0, 0, 'WITHSCORES')
  if first[2] then
    call('ZADD', P .. ':due', first[2], queue)
  else
    call('ZREM', P .. ':due', queue)
  end
end

local function next_due()
  return tonumber(call('ZRANGE', P .. ':due', 0, 0, 'WITHSCORES')[2])
end
