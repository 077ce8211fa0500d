-- include common queues core moves
-- Empties places of a queue in their order, ARGV[3] jobs at most. ARGV: queue, how long a cancelled job is kept, limit, places.
-- From wait, rank and later jobs are cancelled; from done, kept, failed and cancelled they are deleted.
-- Answers with how many it touched, and whether it came to those that it cancels.
local queue = call('HGET', P .. ':queues', ARGV[1])
if not queue then return { 0, 0 } end
local keep, limit, total = tonumber(ARGV[2]), tonumber(ARGV[3]), 0
local jobs = key(queue, 'jobs')

local function pop(place)
  local name, most = key(queue, place), limit - total
  if place == 'done' or place == 'wait' then return call('LPOP', name, most) or {} end
  local ids = call('ZRANGE', name, 0, most - 1)
  if #ids > 0 then call('ZREMRANGEBYRANK', name, 0, #ids - 1) end
  for i = 1, #ids do ids[i] = unpad(ids[i]) end
  return ids
end

local function cancel(job, state)
  add_history(job.id, 'cancelled', '"while ' .. state .. '"')
  finish(queue, job, 'x', keep)
  is_news = true
end

local cancels = 0
local PENDING = { wait = 'waiting', rank = 'waiting', later = 'scheduled' }

local function empty(place)
  local found = pop(place)
  if #found == 0 then return end
  total = total + #found
  if not PENDING[place] then
    bulk('HDEL', jobs, found)
    forget_notes(found)
    return
  end
  touched[queue] = true
  cancels = 1
  local items = found
  if place ~= 'wait' then
    items = bulk_read('HMGET', jobs, found)
    for i = 1, #items do items[i] = item_of(items[i]) end
  end
  for _, item in ipairs(items) do cancel(parse(item), PENDING[place]) end
  if place == 'later' then refresh_due(queue) end
end

for i = 4, #ARGV do
  if total < limit then empty(ARGV[i]) end
end
finish_moves()
return { total, cancels }
