-- Hands out jobs to a living holder.

local function is_late(request)
  local agreed = call('HGET', P .. ':held:' .. request.holder, '@')
  local session, epoch = string.match(agreed or '', '^(%S+) (%d+)$')
  return session == request.session and tonumber(epoch) > request.epoch
end

-- Takes up to `limit` from a queue that has jobs with a priority, or that were put back, beside its plain list.
local function take_ranked(queue, limit)
  local waits, ranks, jobs = key(queue, 'wait'), key(queue, 'rank'), key(queue, 'jobs')
  local ranked = call('ZRANGE', ranks, 0, limit - 1, 'WITHSCORES')
  local plain = call('LRANGE', waits, 0, limit - 1)
  local items, ids, p, r = {}, {}, 1, 1
  while #items < limit and (plain[p] or ranked[r]) do
    local isRanked = ranked[r] ~= nil
    if isRanked and plain[p] then
      local score = tonumber(ranked[r + 1])
      isRanked = score < 0 or (score == 0 and ranked[r] < pad(string.match(plain[p], '^%S+')))
    end
    if isRanked then
      local id = unpad(ranked[r])
      ids[#ids + 1] = id
      items[#items + 1] = item_of(call('HGET', jobs, id))
      r = r + 2
    else
      items[#items + 1] = plain[p]
      p = p + 1
    end
  end
  if p > 1 then call('LTRIM', waits, p - 1, -1) end
  if #ids > 0 then
    call('ZREMRANGEBYRANK', ranks, 0, #ids - 1)
    bulk('HDEL', jobs, ids)
  end
  return items
end

-- Higher than any before, and by the clock: a server that lost its newest changes, or all, gives out none a second time, so
-- that the late outcome of a claim that it forgot is not taken for that of a new job with the same id.
local function next_token()
  local token = whole(clock[1] * 1000000 + clock[2])
  local last = call('SET', P .. ':token', token, 'GET')
  if last and tonumber(last) >= tonumber(token) then
    token = whole(tonumber(last) + 1)
    call('SET', P .. ':token', token)
  end
  return token
end

-- Nobody else is served while a script runs: so many queues have jobs taken from them, and the next call goes on behind them.
local MOST_QUEUES = 250

-- The token, the jobs, and how many names were done with when there are more.
local function claim(request)
  local until_ = call('ZSCORE', P .. ':alive', request.holder)
  if not until_ or tonumber(until_) <= now then return end
  if is_late(request) then return end
  if request.known then agree(request) end
  local names = request.names
  -- With many queues, one look says which have anything.
  local ready = #names > 1 and bulk_read('ZMSCORE', P .. ':ready', names)
  local token, rest, limit, handed, all = nil, nil, request.limit, {}, {}
  for place, name in ipairs(names) do
    if #all >= limit then break end
    if #handed >= MOST_QUEUES then
      rest = place - 1
      break
    end
    local queue = (not ready or ready[place]) and call('HGET', P .. ':queues', name)
    if queue then
      local wanted = limit - #all
      local items = call('EXISTS', key(queue, 'rank')) == 0 and (call('LPOP', key(queue, 'wait'), wanted) or {})
        or take_ranked(queue, wanted)
      if #items < wanted or call('LLEN', key(queue, 'wait')) == 0 then touched[queue] = true end
      if #items > 0 then
        token = token or next_token()
        local head = token .. ' ' .. now .. ' ' .. request.holder .. '\n'
        local records, before = {}, #all
        for i = 1, #items do
          local item = items[i]
          local id = string.sub(item, 1, string.find(item, ' ', 1, true) - 1)
          all[before + i] = id
          records[2 * i - 1] = id
          records[2 * i] = head .. item
        end
        bulk('HSET', key(queue, 'run'), records)
        -- Last, so that the rest need not move: which queue of the request they are of.
        items[#items + 1] = place - 1
        handed[#handed + 1] = items
      end
    end
  end
  if token then
    call('HSET', P .. ':held:' .. request.holder,
      token, table.concat(all, ' '), '#' .. token, #all)
  end
  return token, handed, rest
end
