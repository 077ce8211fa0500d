-- include common
-- Every holder: name, queue list, alive until, whether that is to come, how many claims it holds.
local answers = {}
local alive = call('ZRANGE', P .. ':alive', 0, -1, 'WITHSCORES')
for i = 1, #alive, 2 do
  local held = 0
  local book = call('HGETALL', P .. ':held:' .. alive[i])
  for j = 1, #book, 2 do
    if string.sub(book[j], 1, 1) == '#' then held = held + tonumber(book[j + 1]) end
  end
  local queues = call('HGET', P .. ':holders', alive[i]) or ''
  answers[#answers + 1] = { alive[i], queues, alive[i + 1], tonumber(alive[i + 1]) > now and 1 or 0, held }
end
return answers
