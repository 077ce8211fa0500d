-- Starts every script. KEYS[1] is the prefix with its hash tag, `{ganger}`; all other keys are made from it, so that
-- they lie in one slot of a cluster. The clock is the server's. docs/decisions/0008-redis-layout.md has the layout.
local P = KEYS[1]
local call = redis.call
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- `unpack` and the arguments of one call are bounded by the stack of Lua, 8000.
local CHUNK = 4000

local function key(queue, what)
  return P .. ':' .. queue .. ':' .. what
end

-- Numbers beyond 14 digits lose some in a concatenation.
local function whole(number)
  return string.format('%.0f', number)
end

-- Calls a command of one key with any number of arguments, some thousands at a time; the sum of its answers, and the last one.
local function bulk(command, name, list)
  local sum, answer = 0, nil
  for from = 1, #list, CHUNK do
    answer = call(command, name, unpack(list, from, math.min(from + CHUNK - 1, #list)))
    if type(answer) == 'number' then sum = sum + answer end
  end
  return sum, answer
end

-- The same for commands that answer with a list.
local function bulk_read(command, name, list)
  if #list <= CHUNK then return #list == 0 and {} or call(command, name, unpack(list)) end
  local found = {}
  for from = 1, #list, CHUNK do
    local part = call(command, name, unpack(list, from, math.min(from + CHUNK - 1, #list)))
    for i = 1, #part do found[from + i - 1] = part[i] end
  end
  return found
end

-- Members of sorted sets: ids of one width, so that equal scores are in the order of age.
local function pad(id)
  return string.rep('0', 17 - string.find(id, '-', 1, true)) .. id
end

local function unpad(member)
  return string.match(member, '^0*(.*)$')
end

-- Tells whoever listens that a queue has jobs that can be claimed; without its name, that there may be anything new.
local function wake(name)
  call('PUBLISH', P .. ':wake', name or '')
end
