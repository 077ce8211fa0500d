-- Steps that all scripts take which change jobs. What few calls need is in other files: each function costs every call that could use it.

-- What follows the first line of a record: the item.
local function item_of(record)
  return string.sub(record, string.find(record, '\n', 1, true) + 1)
end

local touched = {}
local is_news = false

-- Keeps the list of queues that have a job waiting, and wakes whoever may care.
local function finish_moves()
  for queue in pairs(touched) do
    local name = call('HGET', P .. ':names', queue)
    if call('LLEN', key(queue, 'wait')) + call('ZCARD', key(queue, 'rank')) > 0 then
      call('ZADD', P .. ':ready', 0, name)
    else
      call('ZREM', P .. ':ready', name)
    end
  end
  if is_news then wake() end
end

-- Deletes all there is beside the record of jobs that are gone.
local function forget_notes(ids)
  for _, what in ipairs({ 'errors', 'history', 'logs', 'tags', 'moved' }) do
    local name = P .. ':' .. what
    if call('EXISTS', name) == 1 then bulk('HDEL', name, ids) end
  end
end

-- Counts claims of one token that have ended; the book of a call ends with its last claim.
local function end_claims(holder, token, number)
  local book = P .. ':held:' .. holder
  if call('HINCRBY', book, '#' .. token, -number) <= 0 then call('HDEL', book, token, '#' .. token) end
end
