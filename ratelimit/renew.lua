-- Says that a worker and its calls are alive: leases and records of open calls live on, with the
-- cost of each call so far for whoever has to settle it in its place.
--
-- KEYS: live workers, index of open calls; then per call its record and the keys of its leases.
-- ARGV: now (0: this server's clock), lease_us, record_s, worker, worker_us;
--       then per call: id, costs so far (comma list by charge, or empty), number of leases.
-- Returns a flat list: now, number of live workers, then per call 1 if its record was there.

local now = server_now(ARGV[1])
local lease_us, record_s, worker, worker_us = tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5])

call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
call('ZADD', KEYS[1], text(now + worker_us), worker)
expire(KEYS[1], 4 * worker_us)

local until_us = text(now + lease_us)
local out, key, arg = {now, call('ZCARD', KEYS[1])}, 3, 6
while ARGV[arg] do
  local id, so_far, leases = ARGV[arg], ARGV[arg + 1], tonumber(ARGV[arg + 2])
  local value = call('GET', KEYS[key])
  local is_open = value and value ~= 'x'
  if is_open then
    if so_far ~= '' then value = so_far .. string.sub(value, string.find(value, '|', 1, true), -1) end
    call('SET', KEYS[key], value, 'EX', record_s)
    call('ZADD', KEYS[2], until_us, id)
    for i = 1, leases do
      call('ZADD', KEYS[key + i], until_us, id)
      expire(KEYS[key + i], 2 * lease_us)
    end
  end
  out[#out + 1] = is_open and 1 or 0
  key, arg = key + 1 + leases, arg + 3
end
if #out > 2 then call('EXPIRE', KEYS[2], 86400) end
return out
