-- include common queues core moves locate
-- Changes jobs one by one; 1 or 0 for each says whether it was changed.
-- ARGV: what to do, its own argument, how long a cancelled job is kept, detail of the history, ids.
local act, argument, keep, detail = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local holes = {}

-- Takes a job out of where it waits or is scheduled; the job.
local function take_pending(queue, letter, record, place)
  if letter == 'l' then
    local job = parse(record)
    call('LSET', key(queue, 'wait'), place, job.id)
    holes[#holes + 1] = { queue = queue, place = place }
    touched[queue] = true
    return job
  end
  local job = parse(item_of(record))
  call('HDEL', key(queue, 'jobs'), job.id)
  call('ZREM', key(queue, letter == 's' and 'later' or 'rank'), pad(job.id))
  if letter == 's' then refresh_due(queue) else touched[queue] = true end
  return job
end

-- Puts it back where it was, by its state.
local function put_pending(queue, letter, job, due)
  if letter == 's' then put_later(queue, job, due) else put_waiting(queue, job) end
end

local PENDING = { l = 'waiting', w = 'waiting', s = 'scheduled' }
local ACTS = {}

function ACTS.cancel(id, queue, letter, record, place)
  if not PENDING[letter] and letter ~= 'r' then return false end
  local job = letter == 'r' and take_running(queue, id, record) or take_pending(queue, letter, record, place)
  add_history(id, 'cancelled', '"while ' .. (PENDING[letter] or 'running') .. '"')
  finish(queue, job, 'x', keep)
  is_news = true
  return true
end

function ACTS.retry(id, queue, letter, record)
  if letter ~= 'f' then return false end
  local job = parse(item_of(record))
  job.attempts, job.crashes = 0, 0
  call('ZREM', key(queue, 'failed'), pad(id))
  call('HDEL', P .. ':errors', id)
  add_history(id, 'revived', '')
  put_waiting(queue, job)
  return true
end

local target
function ACTS.move(id, queue, letter, record, place)
  if not PENDING[letter] then return false end
  target = target or number_of(argument)
  local due = letter == 's' and tonumber(call('ZSCORE', key(queue, 'later'), pad(id)))
  local job = take_pending(queue, letter, record, place)
  if string.match(id, '%d+$') == target then
    call('HDEL', P .. ':moved', id)
  else
    call('HSET', P .. ':moved', id, target)
  end
  add_history(id, 'moved', detail)
  put_pending(target, letter, job, due)
  return true
end

function ACTS.prioritize(id, queue, letter, record, place)
  if not PENDING[letter] then return false end
  local due = letter == 's' and tonumber(call('ZSCORE', key(queue, 'later'), pad(id)))
  local job = take_pending(queue, letter, record, place)
  job.priority = tonumber(argument)
  put_pending(queue, letter, job, due)
  return true
end

local answers = {}
for i = 5, #ARGV do
  local queue, letter, record, place = locate(ARGV[i])
  answers[i - 4] = queue and ACTS[act](ARGV[i], queue, letter, record, place) and '1' or '0'
end

-- The holes are closed at last and in one pass each: a list is slow to change in its middle.
local lists = {}
for _, hole in ipairs(holes) do
  call('LSET', key(hole.queue, 'wait'), hole.place, '')
  lists[hole.queue] = true
end
for queue in pairs(lists) do call('LREM', key(queue, 'wait'), 0, '') end
finish_moves()
return table.concat(answers)
