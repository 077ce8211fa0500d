-- include common queues core moves
-- Takes everything from a holder, and the holder from the list of the living.
-- ARGV: holder, kind (crashed or interrupted), detail, crashes allowed unless the job says otherwise, keep,
-- whether only when its heartbeat is over, whether it is known which jobs had started, their ids.
-- Answers with ids that wait again and ids that were failed, or with nothing when its heartbeat is not over.
local holder, kind, detail = ARGV[1], ARGV[2], ARGV[3]
local policy = { max = tonumber(ARGV[4]), keep = tonumber(ARGV[5]) }
local score = call('ZSCORE', P .. ':alive', holder)
if ARGV[6] == '1' and (not score or tonumber(score) > now) then return nil end
local started
if ARGV[7] == '1' then
  started = {}
  for i = 8, #ARGV do started[ARGV[i]] = true end
end

call('ZREM', P .. ':alive', holder)
call('HDEL', P .. ':holders', holder)
local held = {}
local entries = call('HGETALL', P .. ':held:' .. holder)
for i = 1, #entries, 2 do
  local token = entries[i]
  if string.match(token, '^%d') then
    for id in string.gmatch(entries[i + 1], '%S+') do
      local queue, record = find_running(id)
      if queue and string.sub(record, 1, #token + 1) == token .. ' ' then
        held[#held + 1] = { order = tonumber(string.match(id, '^%d+')), id = id, queue = queue, record = record }
      end
    end
  end
end
table.sort(held, function(a, b) return a.order < b.order end)

local waiting, poisoned = {}, {}
for _, each in ipairs(held) do
  local job = take_running(each.queue, each.id, each.record)
  local ran = not started or started[each.id]
  local list = waiting
  if not ran then
    put_waiting(each.queue, job)
  elseif take_back(each.queue, job, kind, detail, policy) then
    list = poisoned
  end
  list[#list + 1] = each.id
end
call('DEL', P .. ':held:' .. holder)
finish_moves()
return { waiting, poisoned }
