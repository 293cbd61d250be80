-- Decides calls, each over all its limits at once: weighs every charge, then writes all or none.
-- Sent as one script for all calls of a loop tick.
--
-- KEYS: index of open calls; then per call its record and the key of each charge.
-- ARGV: now (0: this server's clock), lease_us, record_s, number of policies;
--       per policy: kind, quota, width, shadow;
--       then per call: id, mode (t take, f force, d done: force what has ended, p peek),
--       age_us, number of charges,
--       and per charge: policy, cost.
-- Returns a flat list: now, then per call: status, wait, and per charge: free, reset, is_violated.
--       status: 0 refused, 1 taken, 2 was taken before, 3 was cancelled or ended before.

local TOMB_S = 60
local now = server_now(ARGV[1])
local lease_us, record_s = tonumber(ARGV[2]), ARGV[3]
local policies, arg, key = {}, 5, 2
for i = 1, tonumber(ARGV[4]) do
  policies[i] = {
    kind = ARGV[arg], counter = kinds[ARGV[arg]], quota = tonumber(ARGV[arg + 1]),
    width = tonumber(ARGV[arg + 2]), width_text = ARGV[arg + 2], is_shadow = ARGV[arg + 3] == '1',
  }
  arg = arg + 4
end

local function weigh(policy, key, cost, age)
  local state = policy.counter.read(key, policy, now)
  state.policy, state.cost = policy, cost
  if age > 0 then policy.counter.aged(state, age) end
  local need = state.used + cost - policy.quota
  state.wait = 0
  if need > 0 then
    state.wait = cost > policy.quota and -1 or policy.counter.wait(state, need)
  end
  return state
end

-- One row per charge: kind width place cost key; what was not charged has an empty row.
local function record_of(states)
  local rows = {'|'}
  for i, state in ipairs(states) do
    local policy = state.policy
    rows[i + 1] = state.is_charged and table.concat({
      policy.kind, policy.width_text, text(state.place), state.cost, state.key}, ' ') or '-'
  end
  return table.concat(rows, '\n')
end

-- A call that has ended leaves a tombstone, so that telling it twice charges once.
local function admit(id, record, states, mode)
  for _, state in ipairs(states) do state.is_charged = mode ~= 't' or state.wait == 0 end
  local value, seconds = 'x', TOMB_S
  if mode ~= 'd' then value, seconds = record_of(states), record_s end
  if not call('SET', record, value, 'EX', seconds, 'NX') then
    return call('GET', record) == 'x' and 3 or 2
  end
  if mode ~= 'd' then call('ZADD', KEYS[1], text(now + lease_us), id) end
  for _, state in ipairs(states) do
    if state.is_charged then state.policy.counter.add(state, state.cost, id, lease_us) end
  end
  return 1
end

local out, has_admitted = {now}, false
while ARGV[arg] do
  local id, mode = ARGV[arg], ARGV[arg + 1]
  local age, size = tonumber(ARGV[arg + 2]), tonumber(ARGV[arg + 3])
  local record, states, wait, is_refused = KEYS[key], {}, 0, false
  for i = 1, size do
    local policy, cost = policies[tonumber(ARGV[arg + 2 + 2 * i])], tonumber(ARGV[arg + 3 + 2 * i])
    local state = weigh(policy, KEYS[key + i], cost, age)
    states[i] = state
    if state.wait ~= 0 and not policy.is_shadow then
      is_refused = true
      wait = (state.wait < 0 or wait < 0) and -1 or math.max(wait, state.wait)
    end
  end
  local status = is_refused and 0 or 1
  if mode == 'f' or mode == 'd' or (status == 1 and mode == 't') then
    status = admit(id, record, states, mode)
    has_admitted = has_admitted or (status == 1 and mode ~= 'd')
  elseif mode == 't' then
    local known = call('GET', record)
    if known then status = known == 'x' and 3 or 2 end
  end
  out[#out + 1], out[#out + 2] = status, wait
  for _, state in ipairs(states) do
    out[#out + 1] = math.max(0, state.policy.quota - state.used)
    out[#out + 1] = state.reset
    out[#out + 1] = state.wait ~= 0 and 1 or 0
  end
  key, arg = key + 1 + size, arg + 4 + 2 * size
end
if has_admitted then call('EXPIRE', KEYS[1], 86400) end
return out
