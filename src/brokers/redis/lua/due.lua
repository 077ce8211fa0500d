-- include common queues core moves
-- Makes scheduled jobs whose time has come waiting, ARGV[1] at most.
-- Answers with how many, and how long until the next is due, or -1.
local limit, moved = tonumber(ARGV[1]), 0
while moved < limit do
  local first = call('ZRANGE', P .. ':due', 0, 0, 'WITHSCORES')
  if not first[2] or tonumber(first[2]) > now then break end
  local queue = first[1]
  local jobs, later = key(queue, 'jobs'), key(queue, 'later')
  local members = call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, limit - moved)
  for _, member in ipairs(members) do
    local id = unpad(member)
    put_waiting(queue, parse(item_of(call('HGET', jobs, id))))
  end
  if #members > 0 then call('ZREMRANGEBYRANK', later, 0, #members - 1) end
  moved = moved + #members
  refresh_due(queue)
end
finish_moves()
local due = next_due()
return { moved, due and whole(math.max(0, due - now)) or '-1' }
