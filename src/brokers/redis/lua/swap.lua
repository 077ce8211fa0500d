-- Settles outcomes and claims the next jobs, in this order and at one moment.
-- ARGV: number of groups, groups, and then the claim: holder, limit, session, epoch,
-- whether it says what the holder knows of, the ids of that, and queue names, each list with its length first.
-- A group is `c, queue, token, keep, usual keep, whether there are results, number, ids, results`, or of one outcome of
-- another kind: `letter, id, token, number, arguments`.
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end

local function take_list()
  local list = {}
  for i = 1, tonumber(take()) do list[i] = take() end
  return list
end

local answers = {}
for g = 1, tonumber(take()) do
  local kind = take()
  if kind == 'c' then
    local group = { queue = take(), token = take(), keep = tonumber(take()), usual = tonumber(take()) }
    local hasResults = take() == '1'
    group.ids = take_list()
    if hasResults then group.results = take_list() end
    answers[g] = complete(group)
  else
    local id, token = take(), take()
    answers[g] = apply(kind, id, token, take_list())
  end
end

local token, claimed, rest
if ARGV[at + 1] then
  local request = { holder = take(), limit = tonumber(take()), session = take(), epoch = tonumber(take()) }
  if take() == '1' then
    request.known = {}
    for _, id in ipairs(take_list()) do request.known[id] = true end
  end
  request.names = take_list()
  token, claimed, rest = claim(request)
end
finish_moves()
return { answers, token or '0', claimed or {}, rest or 0 }
