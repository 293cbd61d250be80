-- Appends to the stream of a generation, exactly after the entry that the writer believes to be the
-- last: a log that came back older, was emptied, or was sealed by another is never written on.
-- KEYS: the stream, the generation's meta. ARGV: id of the last entry ('*': any that is no seal),
-- new id, life in ms, number of the first block, kind, blocks. With the first argument alone ('?')
-- it only looks. Returns 1, or what is there: {id of the last entry, whether the meta exists}.
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last = newest and newest[1] or '0-0'
if last == ARGV[2] or (ARGV[1] ~= '*' and ARGV[1] ~= last) then
  return {last, redis.call('EXISTS', KEYS[2])}
end
redis.call('XADD', KEYS[1], ARGV[2], 'f', ARGV[4], ARGV[5], ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if ARGV[5] == 's' then
  redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
end
return 1
