-- Where a job is. A waiting one may be an item of the plain list of the queue that it was enqueued to, which is in the
-- order of ids.

-- The place of a job in the list, by interpolation, and by halves where ids are spread unevenly.
local function search(waits, serial)
  local low, high = 0, call('LLEN', waits) - 1
  local even = true
  local function at(place)
    return tonumber(string.match(call('LINDEX', waits, place), '^%d+'))
  end
  if high < 0 then return end
  local first, last = at(low), at(high)
  while low <= high and serial >= first and serial <= last do
    local share = last > first and (serial - first) / (last - first) or 0
    local middle = even and low + math.floor(share * (high - low)) or math.floor((low + high) / 2)
    local found = at(middle)
    if found == serial then return middle end
    if found < serial then
      low = middle + 1
      first = found + 1
    else
      high = middle - 1
      last = found - 1
    end
    even = not even
  end
end

-- Queue, letter of the state, record or item, and place in the list.
-- Letters: l waiting in the plain list, w waiting, s scheduled, r running, c completed, f failed, x cancelled.
local function locate(id)
  local queue = string.match(id, '^[1-9]%d*%-([1-9]%d*)$')
  if not queue or #id > 40 then return end
  local moved = call('HGET', P .. ':moved', id)
  local now_in = moved or queue
  local record = call('HGET', key(now_in, 'jobs'), id)
  if record then return now_in, string.sub(record, 1, 1), record end
  record = call('HGET', key(now_in, 'run'), id)
  if record then return now_in, 'r', record end
  local waits = key(queue, 'wait')
  local place = search(waits, tonumber(string.match(id, '^%d+')))
  local item = place and call('LINDEX', waits, place)
  -- A job that this script has taken out leaves its id behind until the end.
  if item and string.match(item, '^%S+') == id and item ~= id then return queue, 'l', item, place end
end
