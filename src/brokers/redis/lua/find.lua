-- include common locate
-- All that is known of jobs. ARGV: ids. Answers per job with nothing, or with
-- `name of its queue, letter of its state, record or item, due, error, progress, tags, history, log`.
local answers = {}
for i, id in ipairs(ARGV) do
  local queue, letter, record = locate(id)
  if queue then
    answers[i] = {
      call('HGET', P .. ':names', queue), letter, record,
      letter == 's' and call('ZSCORE', key(queue, 'later'), pad(id)) or '',
      call('HGET', P .. ':errors', id) or '', call('HGET', P .. ':progress', id) or '',
      call('HGET', P .. ':tags', id) or '', call('HGET', P .. ':history', id) or '',
      call('HGET', P .. ':logs', id) or '',
    }
  else
    answers[i] = {}
  end
end
return answers
