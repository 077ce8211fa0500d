-- What becomes of claims that are not completed.

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
