-- include common
-- How many jobs queues have in each place. ARGV: numbers of queues.
-- Answers per queue with waiting, scheduled, running, completed, failed, cancelled.
local function count(queue)
  return {
    call('LLEN', key(queue, 'wait')) + call('ZCARD', key(queue, 'rank')),
    call('ZCARD', key(queue, 'later')),
    call('HLEN', key(queue, 'run')),
    call('LLEN', key(queue, 'done')) + call('ZCARD', key(queue, 'kept')),
    call('ZCARD', key(queue, 'failed')),
    call('ZCARD', key(queue, 'cancelled')),
  }
end

local answers = {}
for i, queue in ipairs(ARGV) do answers[i] = count(queue) end
return answers
