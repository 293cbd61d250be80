-- Ends calls: corrects their charges, gives their leases back. Twice is the same as once, because
-- the record of the call goes with the first time.
--
-- KEYS: index of open calls; then per call its record and the key of each charge.
-- ARGV: now (0: this server's clock); then per call: id, tombstone seconds (0: none), number of
--       charges, and per charge the true cost (-1: keep the charge).
--       A tombstone keeps a decision that is still on its way from being charged afterwards.
-- Returns a flat list: now, then per call 1 if it was open.

local now = server_now(ARGV[1])

local function amend(row, key, actual, id)
  local kind, width, place, cost = string.match(row, '^(%a) (%d+) (%-?%d+) (%d+) ')
  if not kind then return end
  cost, actual = tonumber(cost), tonumber(actual)
  if kind ~= 'l' and (actual < 0 or actual == cost) then return end
  local state = kinds[kind].read(key, {width = tonumber(width)}, now)
  kinds[kind].amend(state, tonumber(place), cost, actual, id)
end

local function settle(id, record, key, arg)
  local value = call('GET', record)
  if not value or value == 'x' then
    call('ZREM', KEYS[1], id)
    return 0
  end
  local index = -1
  for row in string.gmatch(value, '[^\n]+') do
    index = index + 1
    if index > 0 then amend(row, KEYS[key + index], ARGV[arg + index], id) end
  end
  call('DEL', record)
  call('ZREM', KEYS[1], id)
  return 1
end

local out, key, arg = {now}, 2, 2
while ARGV[arg] do
  local id, tomb, size, record = ARGV[arg], ARGV[arg + 1], tonumber(ARGV[arg + 2]), KEYS[key]
  out[#out + 1] = settle(id, record, key, arg + 2)
  if tomb ~= '0' then call('SET', record, 'x', 'EX', tomb) end
  key, arg = key + 1 + size, arg + 3 + size
end
return out
