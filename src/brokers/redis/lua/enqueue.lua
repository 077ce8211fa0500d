-- include common queues
-- needs-memory
-- Adds jobs, all or none: the first write asks for memory, and nothing after it can fail.
-- ARGV: number of jobs, number of queues, their names, and runs of jobs that are alike:
-- `place of the queue, priority, when (empty, d for a delay, a for a time), its value, number, bodies`.
-- A body is `name[ counters]\nextra\npayload`. Answers with the number of the first job and those of the queues.
local total, amount = tonumber(ARGV[1]), tonumber(ARGV[2])
local serial = call('INCRBY', P .. ':serial', total) - total
local answer = { serial + 1 }
local MAX_DUE = 8.64e15
-- Names of queues that had nothing, and whether a job is scheduled before all others.
local woken, is_sooner = {}, false

local queues, names = {}, {}
for i = 1, amount do
  names[i] = ARGV[2 + i]
  queues[i] = number_of(names[i])
  answer[1 + i] = queues[i]
end

-- The cheap way: a job of no priority that may run now is one item of a list.
local function append(place, items)
  local waits = key(queues[place], 'wait')
  local _, length = bulk('RPUSH', waits, items)
  if length == #items then
    if call('ZADD', P .. ':ready', 0, names[place]) == 1 then woken[#woken + 1] = names[place] end
  end
end

local function enter(place, priority, due, items)
  local queue = queues[place]
  local jobs, index = key(queue, 'jobs'), due and key(queue, 'later') or key(queue, 'rank')
  local state, score = due and 's\n' or 'w\n', due and whole(due) or -priority
  for _, item in ipairs(items) do
    local id = string.match(item, '^%S+')
    call('HSET', jobs, id, state .. item)
    call('ZADD', index, score, pad(id))
  end
  if due then
    local before = next_due()
    refresh_due(queue)
    if not before or next_due() < before then is_sooner = true end
  elseif call('ZADD', P .. ':ready', 0, names[place]) == 1 then
    woken[#woken + 1] = names[place]
  end
end

local at = 2 + amount
while ARGV[at + 1] do
  local place, priority, when = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), ARGV[at + 3]
  local value, count = tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  at = at + 5
  local tail = '-' .. queues[place] .. ' ' .. now .. ' '
  local items = {}
  for i = 1, count do items[i] = (serial + i) .. tail .. ARGV[at + i] end
  serial = serial + count
  at = at + count
  local due = when ~= '' and math.min(when == 'd' and now + value or value, MAX_DUE) or 0
  if due > now then
    enter(place, priority, due, items)
  elseif priority ~= 0 then
    enter(place, priority, nil, items)
  else
    append(place, items)
  end
end
if is_sooner or #woken > 1 then
  wake()
elseif woken[1] then
  wake(woken[1])
end
return answer
