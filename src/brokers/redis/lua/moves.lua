-- Steps that several scripts take with jobs that are not in the plain list of their queue.

-- The parts of an item: `id enqueuedAt name[ priority maxCrashes attempts interruptions crashes]\nextra\npayload`.
local function parse(item)
  local id, at, name, rare, body = string.match(item, '^(%S+) (%S+) ([^ \n]+)([^\n]*)\n(.*)$')
  local job = { id = id, at = at, name = name, body = body, max = '-' }
  local priority, max, attempts, interruptions, crashes =
    string.match(rare, '^ (%S+) (%S+) (%S+) (%S+) (%S+)$')
  job.priority = tonumber(priority or 0)
  job.max = max or '-'
  job.attempts = tonumber(attempts or 0)
  job.interruptions = tonumber(interruptions or 0)
  job.crashes = tonumber(crashes or 0)
  return job
end

local function build(job)
  local rare = ''
  if job.priority ~= 0 or job.max ~= '-' or job.attempts + job.interruptions + job.crashes > 0 then
    rare = ' ' .. job.priority .. ' ' .. job.max .. ' ' .. job.attempts
      .. ' ' .. job.interruptions .. ' ' .. job.crashes
  end
  return job.id .. ' ' .. job.at .. ' ' .. job.name .. rare .. '\n' .. job.body
end

-- Makes a job waiting, at its priority and age.
local function put_waiting(queue, job)
  call('HSET', key(queue, 'jobs'), job.id, 'w\n' .. build(job))
  call('ZADD', key(queue, 'rank'), -job.priority, pad(job.id))
  touched[queue] = true
  is_news = true
end

-- Makes a job scheduled.
local function put_later(queue, job, due)
  call('HSET', key(queue, 'jobs'), job.id, 's\n' .. build(job))
  call('ZADD', key(queue, 'later'), whole(due), pad(job.id))
  refresh_due(queue)
  is_news = true
end

local MAX_DUE = 8.64e15

local function put_back(queue, job, delay)
  if delay > 0 then put_later(queue, job, math.min(now + delay, MAX_DUE)) else put_waiting(queue, job) end
end

local NAMES = { f = 'failed', x = 'cancelled' }

-- Enters a job among the failed (`f`) or cancelled (`x`), or deletes it when it is to be kept for no time.
local function finish(queue, job, state, keep)
  if keep == 0 then
    forget_notes({ job.id })
    return
  end
  local expires = whole(now + keep)
  call('HSET', key(queue, 'jobs'), job.id, state .. ' ' .. now .. ' ' .. expires .. '\n' .. build(job))
  call('ZADD', key(queue, NAMES[state]), expires, pad(job.id))
end

local MAX_HISTORY = 100

-- Adds a line to a text of lines and keeps the newest.
local function add_line(name, id, line, most)
  local text = (call('HGET', name, id) or '') .. line .. '\n'
  local _, lines = string.gsub(text, '\n', '')
  while lines > most do
    text = string.sub(text, string.find(text, '\n', 1, true) + 1)
    lines = lines - 1
  end
  call('HSET', name, id, text)
end

-- `detail` is JSON, or empty.
local function add_history(id, event, detail)
  local line = now .. ' ' .. event .. (detail == '' and '' or ' ' .. detail)
  add_line(P .. ':history', id, line, MAX_HISTORY)
end

-- Where a running job is kept: in its own queue, or in the one that it was moved to.
local function find_running(id)
  local queue = string.match(id, '^[1-9]%d*%-([1-9]%d*)$')
  if not queue or #id > 40 then return end
  local record = call('HGET', key(queue, 'run'), id)
  if record then return queue, record end
  queue = call('HGET', P .. ':moved', id)
  record = queue and call('HGET', key(queue, 'run'), id)
  if record then return queue, record end
end

-- Takes a job that runs from its holder; its item.
local function take_running(queue, id, record)
  local token, holder = string.match(record, '^(%S+) %S+ ([^\n]*)\n')
  call('HDEL', key(queue, 'run'), id)
  call('HDEL', P .. ':progress', id)
  end_claims(holder, token, 1)
  return parse(item_of(record))
end

-- Counts what befell a job that had started, and puts it back; true when it crashed once too often and is failed.
local function take_back(queue, job, kind, detail, policy)
  add_history(job.id, kind, detail)
  if kind == 'interrupted' then
    job.interruptions = job.interruptions + 1
    put_waiting(queue, job)
    return false
  end
  job.crashes = job.crashes + 1
  local most = job.max == '-' and policy.max or tonumber(job.max)
  if job.crashes < most then
    put_waiting(queue, job)
    return false
  end
  call('HSET', P .. ':errors', job.id, '[' .. job.crashes .. (detail == '' and '' or ',' .. detail) .. ']')
  finish(queue, job, 'f', policy.keep)
  return true
end
