-- include common
-- Compares the books with the rows. ARGV: how late is too late in ms, numbers of all queues.
-- Answers: queues whose jobs are not all in one place each, queues of which it is not noted whether they have a job waiting,
-- claims that run, claims in the books of holders, holders overdue, jobs overdue, since when in ms, notes of jobs that are gone.
local late = now - tonumber(ARGV[1])
local homeless, misnoted, running, held = 0, 0, 0, 0
for i = 2, #ARGV do
  local queue = ARGV[i]
  local ranked, later = call('ZCARD', key(queue, 'rank')), call('ZCARD', key(queue, 'later'))
  local finished = call('LLEN', key(queue, 'done')) + call('ZCARD', key(queue, 'kept'))
    + call('ZCARD', key(queue, 'failed')) + call('ZCARD', key(queue, 'cancelled'))
  if call('HLEN', key(queue, 'jobs')) ~= ranked + later + finished then homeless = homeless + 1 end
  local isReady = call('ZSCORE', P .. ':ready', call('HGET', P .. ':names', queue)) ~= false
  if isReady ~= (call('LLEN', key(queue, 'wait')) + ranked > 0) then misnoted = misnoted + 1 end
  running = running + call('HLEN', key(queue, 'run'))
end

for _, holder in ipairs(call('ZRANGE', P .. ':alive', 0, -1)) do
  local book = call('HGETALL', P .. ':held:' .. holder)
  for i = 1, #book, 2 do
    if string.sub(book[i], 1, 1) == '#' then held = held + tonumber(book[i + 1]) end
  end
end

local due, oldest = 0, now
for _, queue in ipairs(call('ZRANGEBYSCORE', P .. ':due', '-inf', late)) do
  due = due + call('ZCOUNT', key(queue, 'later'), '-inf', late)
  oldest = math.min(oldest, tonumber(call('ZSCORE', P .. ':due', queue)))
end

-- A sample: all of them may be many.
local stray = 0
local function is_gone(id)
  local queue = call('HGET', P .. ':moved', id) or string.match(id, '%d+$')
  return call('HEXISTS', key(queue, 'jobs'), id) == 0 and call('HEXISTS', key(queue, 'run'), id) == 0
end
for _, what in ipairs({ 'errors', 'history', 'logs' }) do
  local part = call('HSCAN', P .. ':' .. what, 0, 'COUNT', 200)[2]
  for i = 1, math.min(#part, 400), 2 do
    if is_gone(part[i]) then stray = stray + 1 end
  end
end
return { homeless, misnoted, running, held, call('ZCOUNT', P .. ':alive', '-inf', late), due, whole(now - oldest), stray }
