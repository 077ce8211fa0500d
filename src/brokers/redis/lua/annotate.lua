-- include common queues core moves
-- Keeps progress and log lines of claims that still hold; 1 or 0 for each note.
-- ARGV: how many lines a job keeps, and notes: `id, token, progress or empty, number of lines, lines as JSON`.
local answers, at = {}, 1
while ARGV[at + 1] do
  local id, token, progress, lines = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4])
  at = at + 4
  local queue, record = find_running(id)
  local holds = queue and string.sub(record, 1, #token + 1) == token .. ' '
  if holds then
    if progress ~= '' then call('HSET', P .. ':progress', id, progress) end
    for i = 1, lines do add_line(P .. ':logs', id, now .. ' ' .. ARGV[at + i], tonumber(ARGV[1])) end
  end
  at = at + lines
  answers[#answers + 1] = holds and '1' or '0'
end
return table.concat(answers)
