-- What becomes of claims.

-- More finished jobs of a queue than `prune` may keep are bounded here as well, so that no pace of work fills the memory.
local SLACK = 10000

local function trim_done(queue, length)
  if length <= SLACK then return end
  local bound = tonumber(call('GET', P .. ':bound') or SLACK)
  local excess = length - 2 * bound - SLACK
  if excess <= 0 then return end
  local ids = call('LPOP', key(queue, 'done'), excess)
  bulk('HDEL', key(queue, 'jobs'), ids)
  forget_notes(ids)
end

local function no_twins(ids)
  local seen, once = {}, {}
  for _, id in ipairs(ids) do
    if not seen[id] then once[#once + 1] = id end
    seen[id] = true
  end
  return once
end

-- Writes completed jobs down, all of one queue and token, or deletes them when they are to be kept for no time.
local function write_completed(queue, done, group)
  local jobs, expires = key(queue, 'jobs'), whole(now + group.keep)
  -- Memory is asked for before anything is taken away: a server without any refuses the whole.
  if group.keep > 0 then
    local records = {}
    local head = 'c ' .. now .. ' ' .. expires
    for i, id in ipairs(done.ids) do
      records[2 * i - 1] = id
      records[2 * i] = head .. (done.results[i] and ' ' .. done.results[i] or '\n') .. done.items[i]
    end
    bulk('HSET', jobs, records)
  end
  local number = bulk('HDEL', key(queue, 'run'), done.ids)
  local ids = number == #done.ids and done.ids or no_twins(done.ids)
  if call('EXISTS', P .. ':progress') == 1 then bulk('HDEL', P .. ':progress', ids) end
  if group.keep == 0 then
    forget_notes(ids)
  elseif group.keep == group.usual then
    bulk('RPUSH', key(queue, 'done'), ids)
    trim_done(queue, call('LLEN', key(queue, 'done')))
  else
    for _, id in ipairs(ids) do call('ZADD', key(queue, 'kept'), expires, pad(id)) end
  end
  end_claims(done.holder, group.token, number)
end

-- Completes jobs by the batch; a text of 1 and 0 says of which the claim still held.
local function complete(group)
  local ids, answers, head, prefix = group.ids, {}, nil, group.token .. ' '
  local found = bulk_read('HMGET', key(group.queue, 'run'), ids)
  local done = { ids = {}, items = {}, results = {} }
  local seen, count = {}, 0
  for i = 1, #ids do
    local record = found[i]
    if record and not head and string.sub(record, 1, #prefix) == prefix then
      head = string.sub(record, 1, string.find(record, '\n', 1, true))
      done.holder = string.match(head, '^%S+ %S+ ([^\n]*)\n$')
    end
    if record and head and string.sub(record, 1, #head) == head and not seen[ids[i]] then
      count = count + 1
      seen[ids[i]] = true
      done.ids[count] = ids[i]
      done.items[count] = string.sub(record, #head + 1)
      if group.results then done.results[count] = group.results[i] end
      answers[i] = '1'
    else
      answers[i] = '0'
    end
  end
  if count > 0 then write_completed(group.queue, done, group) end
  if count == #ids or call('EXISTS', P .. ':moved') == 0 then return table.concat(answers) end
  -- Some of them may be running in a queue that they were moved to.
  for i = 1, #ids do
    local queue, record = nil, nil
    if answers[i] == '0' and not seen[ids[i]] then queue, record = find_running(ids[i]) end
    if record and queue ~= group.queue and string.sub(record, 1, #prefix) == prefix then
      seen[ids[i]] = true
      local holder = string.match(record, '^%S+ %S+ ([^\n]*)\n')
      local results = { group.results and group.results[i] }
      write_completed(queue, { ids = { ids[i] }, items = { item_of(record) }, results = results, holder = holder }, group)
      answers[i] = '1'
    end
  end
  return table.concat(answers)
end

-- Every outcome but completed, by its letter. Each is given the queue, the job and its own arguments.
local APPLY = {}

-- retry: delay, whether it counts, error, detail
function APPLY.r(queue, job, args)
  if args[2] == '1' then job.attempts = job.attempts + 1 else job.interruptions = job.interruptions + 1 end
  call('HSET', P .. ':errors', job.id, args[3])
  add_history(job.id, 'retried', args[4])
  put_back(queue, job, tonumber(args[1]))
end

-- failed: keep, whether it counts, error, detail
function APPLY.f(queue, job, args)
  if args[2] == '1' then job.attempts = job.attempts + 1 end
  call('HSET', P .. ':errors', job.id, args[3])
  add_history(job.id, 'failed', args[4])
  finish(queue, job, 'f', tonumber(args[1]))
end

-- released: whether it had started
function APPLY.l(queue, job, args)
  if args[1] == '1' then
    job.interruptions = job.interruptions + 1
    add_history(job.id, 'interrupted', '')
  end
  put_waiting(queue, job)
end

-- crashed: detail, crashes allowed unless the job says otherwise, keep
function APPLY.k(queue, job, args)
  take_back(queue, job, 'crashed', args[1], { max = tonumber(args[2]), keep = tonumber(args[3]) })
end

-- cancelled: keep
function APPLY.x(queue, job, args)
  add_history(job.id, 'cancelled', '')
  finish(queue, job, 'x', tonumber(args[1]))
end

-- advanced: queue, detail, delay, whether there is a payload, payload
function APPLY.a(_, job, args)
  local queue = number_of(args[1])
  job.attempts = 0
  if args[4] == '1' then job.body = string.match(job.body, '^[^\n]*\n') .. args[5] end
  add_history(job.id, 'moved', args[2])
  if string.match(job.id, '%d+$') == queue then
    call('HDEL', P .. ':moved', job.id)
  else
    call('HSET', P .. ':moved', job.id, queue)
  end
  put_back(queue, job, tonumber(args[3]))
end

local function apply(kind, id, token, args)
  local queue, record = find_running(id)
  if not queue or string.sub(record, 1, #token + 1) ~= token .. ' ' then return '0' end
  APPLY[kind](queue, take_running(queue, id, record), args)
  return '1'
end
