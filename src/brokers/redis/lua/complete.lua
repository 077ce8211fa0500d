-- Completes jobs.

-- More finished jobs of a queue than `prune` may keep are bounded here as well, so that no pace of work fills the memory.
local SLACK = 10000
-- Not for less: it costs as much for one as for many.
local FEWEST = 100

local function trim_done(queue, length)
  if length <= SLACK then return end
  local bound = tonumber(call('GET', P .. ':bound') or SLACK)
  local excess = length - 2 * bound - SLACK
  if excess < FEWEST then return end
  local ids = call('LPOP', key(queue, 'done'), excess)
  bulk('HDEL', key(queue, 'jobs'), ids)
  forget_notes(ids)
end

-- Writes completed jobs down, all of one queue and token, or deletes them when they are to be kept for no time.
-- Memory is asked for before anything is taken away: a server without any refuses the whole.
local function write_completed(queue, ids, records, group)
  local run, jobs, expires = key(queue, 'run'), key(queue, 'jobs'), whole(now + group.keep)
  if group.keep > 0 then bulk('HSET', jobs, records) end
  bulk('HDEL', run, ids)
  if call('EXISTS', P .. ':progress') == 1 then bulk('HDEL', P .. ':progress', ids) end
  if group.keep == 0 then
    forget_notes(ids)
  elseif group.keep == group.usual then
    local _, length = bulk('RPUSH', key(queue, 'done'), ids)
    trim_done(queue, length)
  else
    for _, id in ipairs(ids) do call('ZADD', key(queue, 'kept'), expires, pad(id)) end
  end
  end_claims(group.holder, group.token, #ids)
end

-- Completes jobs that run in one queue, and notes in `answers` which it did and by which of the outcomes; the first counts.
local function complete_in(queue, group, answers)
  local found = bulk_read('HMGET', key(queue, 'run'), group.ids)
  local prefix, head = group.token .. ' ', nil
  local finished = 'c ' .. now .. ' ' .. whole(now + group.keep)
  local plain, results = finished .. '\n', group.results
  local ids, records, count = {}, {}, 0
  for i, id in ipairs(group.ids) do
    local record = found[i]
    if record and not head and string.find(record, prefix, 1, true) == 1 then
      -- All claims of one token start alike.
      head = string.sub(record, 1, string.find(record, '\n', 1, true))
      group.holder = string.match(head, '^%S+ %S+ ([^\n]*)\n$')
    end
    if record and head and not answers[id] and string.find(record, head, 1, true) == 1 then
      count = count + 1
      ids[count] = id
      records[2 * count - 1] = id
      records[2 * count] = (results and finished .. ' ' .. results[i] or plain) .. string.sub(record, #head + 1)
      answers[id] = i
    end
  end
  if count > 0 then write_completed(queue, ids, records, group) end
  return count
end

-- Completes jobs by the batch; a text of 1 and 0 says of which the claim still held.
local function complete(group)
  local answers, total = {}, #group.ids
  local count = complete_in(group.queue, group, answers)
  if count < total and call('EXISTS', P .. ':moved') == 1 then
    -- Some may be running in a queue that they were moved to.
    local queues = {}
    for _, id in ipairs(group.ids) do
      local queue = not answers[id] and call('HGET', P .. ':moved', id)
      if queue then queues[queue] = true end
    end
    for queue in pairs(queues) do count = count + complete_in(queue, group, answers) end
  end
  if count == total then return string.rep('1', total) end
  local flags = {}
  for i, id in ipairs(group.ids) do flags[i] = answers[id] == i and '1' or '0' end
  return table.concat(flags)
end
