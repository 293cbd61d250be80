-- Appends to the streams of many generations, to each exactly after the entry that the writer believes
-- to be its last: a log that came back older, was emptied, or was sealed by another is never written on.
-- KEYS, two for each: the stream, the generation's meta. ARGV, six for each: id of the last entry
-- ('*': any that is no seal; '?': only look), new id, life in ms, number of the first block, kind,
-- blocks. Returns for each 1, or what is there: {id of the last entry, whether the meta exists, kind}.
local replies = {}
for i = 1, #KEYS / 2 do
  local log, meta, arg = KEYS[2 * i - 1], KEYS[2 * i], 6 * i - 5
  local after, id = ARGV[arg], ARGV[arg + 1]
  local newest = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
  local last = newest and newest[1] or '0-0'
  if last == id or (after ~= '*' and after ~= last) then
    replies[i] = {last, redis.call('EXISTS', meta), newest and newest[2][3] or ''}
  else
    redis.call('XADD', log, id, 'f', ARGV[arg + 3], ARGV[arg + 4], ARGV[arg + 5])
    redis.call('PEXPIRE', log, ARGV[arg + 2])
    redis.call('PEXPIRE', meta, ARGV[arg + 2])
    if ARGV[arg + 4] == 's' then
      redis.call('XTRIM', log, 'MINID', id)
    end
    replies[i] = 1
  end
end
return replies
