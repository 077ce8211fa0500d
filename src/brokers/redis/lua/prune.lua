-- include common core
-- Deletes finished jobs that are over the bound of their queue or past their time, ARGV[4] at most.
-- ARGV: bounds of completed, failed and cancelled jobs, limit, numbers of queues.
-- Answers with how many it deleted and how many queues it was done with.
local bounds = { completed = tonumber(ARGV[1]), failed = tonumber(ARGV[2]), cancelled = tonumber(ARGV[3]) }
local limit, deleted = tonumber(ARGV[4]), 0
if call('GET', P .. ':bound') ~= ARGV[1] then call('SET', P .. ':bound', ARGV[1]) end

local function drop(queue, ids)
  if #ids == 0 then return end
  bulk('HDEL', key(queue, 'jobs'), ids)
  forget_notes(ids)
  deleted = deleted + #ids
end

local function drop_first(queue, what, number)
  number = math.min(number, limit - deleted)
  if number <= 0 then return end
  local ids = call('ZRANGE', key(queue, what), 0, number - 1)
  if #ids > 0 then call('ZREMRANGEBYRANK', key(queue, what), 0, #ids - 1) end
  for i = 1, #ids do ids[i] = unpad(ids[i]) end
  drop(queue, ids)
end

local function drop_done(queue, number)
  number = math.min(number, limit - deleted)
  if number > 0 then drop(queue, call('LPOP', key(queue, 'done'), number) or {}) end
end

-- The list is in the order of finishing, and all of it is kept equally long.
local function expired_done(queue)
  local size, step, past = call('LLEN', key(queue, 'done')), 256, 0
  while past < size and past < limit do
    local id = call('LINDEX', key(queue, 'done'), math.min(past + step, size) - 1)
    local record = call('HGET', key(queue, 'jobs'), id)
    local expires = record and tonumber(string.match(record, '^c %S+ (%d+)')) or 0
    if expires <= now then
      past = math.min(past + step, size)
    elseif step == 1 then
      break
    else
      step = step / 2
    end
  end
  return past
end

local done_with = 0
for i = 5, #ARGV do
  if deleted >= limit then break end
  local queue = ARGV[i]
  local kept = call('ZCARD', key(queue, 'kept'))
  local done = call('LLEN', key(queue, 'done'))
  if done > 0 then
    local excess = math.min(done, math.max(0, done + kept - bounds.completed))
    drop_done(queue, excess)
    drop_done(queue, expired_done(queue))
  end
  if kept > 0 then
    local left = call('LLEN', key(queue, 'done'))
    drop_first(queue, 'kept', math.max(left + kept - bounds.completed, call('ZCOUNT', key(queue, 'kept'), '-inf', now)))
  end
  for _, what in ipairs({ 'failed', 'cancelled' }) do
    local number = call('ZCARD', key(queue, what))
    if number > 0 then
      drop_first(queue, what, math.max(number - bounds[what], call('ZCOUNT', key(queue, what), '-inf', now)))
    end
  end
  if deleted < limit then done_with = done_with + 1 end
end
return { deleted, done_with }
