-- claim: leases what is due to the caller. See Store.Claim.
--
-- The sockets and items that are due, and the items of such sockets, are not named in KEYS. They have the same hash tag, and are
-- read before anything is written.

local max, lease, nonce = number(), number(), take()

local SILENCE, GRACE_LENGTH, GRACE_COUNTS = 30 * 1000, 10 * 1000, 120 * 1000
local EXPIRED_CODE, EXPIRED = '4004', 'expired'

-- Was anybody there to keep what is held? If not, there is a time of grace.
local claimed = count(call('HGET', meta, 'claimed')) or 0
local grace_end = -(call('ZSCORE', due, GRACE) or 0)
local silent = now - claimed >= SILENCE and now - (grace_end - GRACE_LENGTH) >= GRACE_COUNTS
if silent then grace_end = now + GRACE_LENGTH end

local members = call('ZRANGEBYSCORE', errands, 0, now, 'LIMIT', 0, max)
if now >= grace_end and max > #members then
  for _, m in ipairs(call('ZRANGEBYSCORE', due, 0, now, 'LIMIT', 0, max - #members)) do members[#members + 1] = m end
end

local sockets, items, leases, replies, ended, dangling = {}, {}, {}, {}, {}, {}
local expired, off_rolls = {}, {}
local function item(k)
  if items[k] == nil then items[k] = read_item(k) or false end
  return items[k]
end

for i, m in ipairs(members) do
  local k, token = prefix .. m, nonce .. i
  if string.sub(m, 1, 2) == 's:' then
    local s = read_socket(k, true)
    if s and s.st ~= 'closed' then
      if s.st == 'open' then
        ended[#ended + 1] = s
        expired[#expired + 1] = m
        s.st, s.code, s.why = 'closing', EXPIRED_CODE, EXPIRED
        for _, n in ipairs(fields_with(k, 'q')) do
          local it = item(prefix .. 'i:' .. n)
          if it then
            it.gone = true
            -- One that is claimed stays with its claim until the lease is over.
            if it.token == '' then leases['i:' .. n] = now end
          else
            absent(prefix .. 'i:' .. n)
          end
        end
        for group in string.gmatch(call('HGET', k, 'gr') or '', GROUPS) do off_rolls[#off_rolls + 1] = 's:' .. group .. '\0' .. name(k) end
      end
      s.token, leases[m] = token, now + lease
      sockets[#sockets + 1] = s
      replies[#replies + 1] = { 'socket', token, socket_reply(s), subscriptions(k) }
    else
      if not s then absent(k) end
      dangling[#dangling + 1] = m
    end
  else
    local it = item(k)
    if it then
      it.token, it.tries, leases[m] = token, it.tries + 1, now + lease
      replies[#replies + 1] = { 'item', token, item_reply(it) }
    else
      absent(k)
      dangling[#dangling + 1] = m
    end
  end
end

-- What was let go unclaimed has not left the rolls. Nobody knows any more on which it stood: all are gone through, in pieces.
local on_rolls, lost = call('ZCARD', rolls), {}
for _, m in ipairs(dangling) do lost[m] = true end
for first = 0, next(lost) and on_rolls - 1 or -1, PIECE do
  for _, m in ipairs(call('ZRANGE', rolls, first, first + PIECE - 1)) do
    local nul = string.find(m, '\0', 1, true)
    if lost[string.sub(m, 1, 2) .. string.sub(m, nul + 1)] then off_rolls[#off_rolls + 1] = m end
  end
end

call('HSET', meta, 'claimed', now)
if silent then call('ZADD', due, -grace_end, GRACE) end
for _, s in ipairs(sockets) do
  call('HSET', s.key, 'st', s.st, 'code', s.code, 'why', s.why, 'tok', s.token)
  call('PEXPIRE', s.key, lease + GARBAGE)
end
for k, it in pairs(items) do
  if it then
    call('HSET', k, 'gone', it.gone and '1' or '', 'tries', it.tries, 'tok', it.token)
    call('PEXPIRE', k, lease + GARBAGE)
  end
end
for m, at in pairs(leases) do call('ZADD', errands, at, m) end
in_pieces('ZREM', due, expired)
in_pieces('ZREM', due, dangling)
in_pieces('ZREM', errands, dangling)
in_pieces('ZREM', rolls, off_rolls)
local until_due = reschedule()

for _, s in ipairs(ended) do
  if s.at ~= '' then notify('I:' .. s.at, 'm', name(s.key), '0') end
end
return { until_due, replies }
