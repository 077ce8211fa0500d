-- Puts back what a holder has by the books and does not know of: the answer to a claim was lost, or the server lost
-- its newest changes in a crash or failover. Claims that were sent before, and come late, are refused from now on.
local function agree(request)
  local book = P .. ':held:' .. request.holder
  local entries = call('HGETALL', book)
  for i = 1, #entries, 2 do
    local token = entries[i]
    if string.match(token, '^%d') then
      for id in string.gmatch(entries[i + 1], '%S+') do
        local queue, record = nil, nil
        if not request.known[id] then queue, record = find_running(id) end
        if queue and string.find(record, token .. ' ', 1, true) == 1 then
          put_waiting(queue, take_running(queue, id, record))
        end
      end
    end
  end
  call('HSET', book, '@', request.session .. ' ' .. request.epoch)
end
