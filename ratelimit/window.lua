-- Counters of one subject under one limit: four kinds with the same five functions. This text is
-- put in front of every script of the room. Times are integer microseconds, made text with %.0f.
--
--   read(key, policy, now) -> state {used, reset, place}; changes nothing
--   wait(state, need)      -> microseconds until `need` of the usage are gone, -1: never
--   aged(state, age)       -> sets the place of a charge that happened `age` ago
--   add(state, cost, id, lease_us)
--   amend(state, place, reserved, actual, id)

local BUCKETS = 60
local RING = BUCKETS + 1
local call = redis.call

local function server_now(given)
  local now = tonumber(given)
  if now ~= 0 then return now end
  local time = call('TIME')
  return time[1] * 1000000 + time[2]
end

local function text(number) return string.format('%.0f', number) end

local function expire(key, us) call('PEXPIRE', key, text(math.ceil(us / 1000))) end

-- w: the conservative sliding window. A hash: o oldest charged bucket, n newest bucket, t total,
-- and a ring of counters by bucket number modulo RING; a counter of zero has no field. Until the
-- next charge the ring may still hold dead counters: they share no place with oldest .. newest.
local window = {}

local function counts(key, first, last)
  if first > last then return {} end
  local fields = {}
  for bucket = first, last do fields[#fields + 1] = bucket % RING end
  return call('HMGET', key, unpack(fields))
end

local function first_charged(key, first, last)
  for from = first, last, 8 do
    local found = counts(key, from, math.min(from + 7, last))
    for i = 1, #found do
      if found[i] then return from + i - 1 end
    end
  end
  return nil
end

local function drop_dead(state, live, newest)
  local dead = {}
  local found = counts(state.key, state.oldest, math.min(live - 1, newest))
  for i = 1, #found do
    if found[i] then
      state.used = state.used - found[i]
      dead[#dead + 1] = (state.oldest + i - 1) % RING
    end
  end
  state.dead = dead
  state.oldest = first_charged(state.key, live, newest) or state.place
end

function window.read(key, policy, now)
  local width = policy.width
  local bucket = math.floor(now / width)
  local state = {key = key, width = width, now = now, used = 0, reset = 0}
  state.place, state.bucket, state.oldest, state.newest = bucket, bucket, bucket, bucket
  state.is_first = true
  local got = call('HMGET', key, 'o', 'n', 't')
  if not got[2] then return state end
  local newest = tonumber(got[2])
  if math.abs(bucket - newest) > BUCKETS then
    state.is_stale = true
    return state
  end
  state.newest = newest
  if newest >= bucket then
    state.place, state.bucket, state.is_first = newest, newest, false
  end
  state.oldest, state.used = tonumber(got[1]), tonumber(got[3])
  local live = state.bucket - BUCKETS
  if state.oldest < live then drop_dead(state, live, newest) end
  if state.used > 0 then state.reset = (state.oldest + RING) * width - now end
  return state
end

function window.wait(state, need)
  local found = counts(state.key, state.oldest, state.newest)
  for i = 1, #found do
    if found[i] then
      need = need - found[i]
      if need <= 0 then return (state.oldest + i - 1 + RING) * state.width - state.now end
    end
  end
  return -1
end

function window.aged(state, age)
  local place = math.floor((state.now - age) / state.width)
  state.place = math.max(state.bucket - BUCKETS, math.min(place, state.bucket))
end

local function clear_dead(state)
  if state.is_stale then
    call('DEL', state.key)
  elseif state.dead and #state.dead > 0 then
    call('HDEL', state.key, unpack(state.dead))
  end
end

function window.add(state, cost)
  if cost == 0 then return end
  local key, place = state.key, state.place
  clear_dead(state)
  if state.used == 0 or place < state.oldest then state.oldest = place end
  state.used = state.used + cost
  call('HINCRBY', key, place % RING, cost)
  call('HSET', key, 'o', text(state.oldest), 'n', text(state.bucket), 't', state.used)
  if state.is_first or state.is_stale then expire(key, (BUCKETS + 2) * state.width) end
  if state.reset == 0 then state.reset = (place + RING) * state.width - state.now end
end

function window.amend(state, place, reserved, actual)
  if actual > reserved then return window.add(state, actual - reserved) end
  if state.is_stale or place < state.oldest or place > state.bucket then return end
  local key = state.key
  local held = tonumber(call('HGET', key, place % RING) or 0)
  local refund = math.min(held, reserved - actual)
  if refund == 0 then return end
  clear_dead(state)
  if refund == held then
    call('HDEL', key, place % RING)
    if place == state.oldest then
      state.oldest = first_charged(key, place + 1, state.newest) or state.bucket
    end
  else
    call('HINCRBY', key, place % RING, -refund)
  end
  call('HSET', key, 'o', text(state.oldest), 't', state.used - refund)
end

-- l: leases of running calls. A sorted set of call ids by expiry; renewed while the call runs.
local lease = {}

function lease.read(key, policy, now)
  local used = call('ZCOUNT', key, '(' .. text(now), '+inf')
  return {key = key, now = now, used = used, reset = used > 0 and 1000000 or 0, place = 0}
end

function lease.wait() return 1000000 end

function lease.aged() end

function lease.add(state, cost, id, lease_us)
  call('ZREMRANGEBYSCORE', state.key, '-inf', text(state.now))
  call('ZADD', state.key, text(state.now + lease_us), id)
  expire(state.key, 2 * lease_us)
  state.used, state.reset = state.used + cost, 1000000
end

function lease.amend(state, place, reserved, actual, id) call('ZREM', state.key, id) end

-- b: the budget of one calendar period, a number; `width` is the end of the period.
local budget = {}

function budget.read(key, policy, now)
  local used = tonumber(call('GET', key) or 0)
  local reset = math.max(0, policy.width - now)
  return {key = key, now = now, used = used, reset = reset, place = 0, width = policy.width}
end

function budget.wait(state) return math.max(1, state.reset) end

function budget.aged() end

function budget.add(state, cost)
  call('INCRBY', state.key, cost)
  expire(state.key, state.reset + 86400000000)
  state.used = state.used + cost
end

function budget.amend(state, place, reserved, actual)
  local change = math.max(actual - reserved, -state.used)
  if change ~= 0 then budget.add(state, change) end
end

-- p: smooth spacing (GCRA). A number: when the virtual queue is empty; `width` is a unit's step.
local pace = {}

function pace.read(key, policy, now)
  local step = policy.width
  local free_at = tonumber(call('GET', key) or 0)
  local ahead = math.max(0, free_at - now)
  local used = math.ceil(ahead / step)
  local reset = used > 0 and ahead - (used - 1) * step or 0
  return {
    key = key, now = now, used = used, reset = reset, place = 0, width = step,
    free_at = free_at, from = now,
  }
end

function pace.wait(state, need)
  if need > state.used then return -1 end
  return state.reset + (need - 1) * state.width
end

function pace.aged(state, age) state.from = state.now - age end

-- A queue is kept for as long as older charges may still be told, and a minute: clocks step back.
function pace.add(state, cost)
  local free_at = math.max(state.free_at, state.from) + cost * state.width
  local kept = free_at - state.from
  if kept > 0 then
    call('SET', state.key, text(free_at), 'PX', text(60000 + math.ceil(kept / 1000)))
  else
    call('DEL', state.key)
  end
  state.used = state.used + cost
  if state.reset == 0 then state.reset = math.max(0, math.min(free_at - state.now, state.width)) end
end

function pace.amend(state, place, reserved, actual) pace.add(state, actual - reserved) end

local kinds = {w = window, l = lease, b = budget, p = pace}
