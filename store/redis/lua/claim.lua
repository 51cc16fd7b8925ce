-- claim: leases what is due to the caller. See Store.Claim.
--
-- KEYS: 1 what is due, 2 meta. The sockets and items that are due, and the items of such sockets, have the same hash tag, and
-- are read before anything is written.

read_agenda()
local max, lease, nonce = number(), number(), take()

local SILENCE, GRACE_COUNTS = 30 * 1000, 120 * 1000
local EXPIRED_CODE, EXPIRED = '4004', 'expired'

-- Was anybody there to keep what is held? If not, there is a time of grace.
if now - claimed >= SILENCE and now - grace >= GRACE_COUNTS then grace = now end

local members = {}
if now - grace >= GRACE and max > 0 then
  members = redis.call('ZRANGEBYSCORE', due, '-inf', int(now), 'LIMIT', 0, int(max))
end

local items, deadlines, replies, ended, dangling = {}, {}, {}, {}, {}
local function item(k)
  if items[k] == nil then items[k] = read_item(k) or false end
  return items[k]
end

local sockets = {}
for i, m in ipairs(members) do
  local k, token = prefix .. m, nonce .. int(i)
  if string.sub(m, 1, 2) == 's:' then
    local s = read_socket(k)
    if s and s.st ~= 'closed' then
      if s.st == 'open' then
        ended[#ended + 1] = s
        s.st, s.code, s.why = 'closing', EXPIRED_CODE, EXPIRED
        for _, n in ipairs(fields_with(k, 'q')) do
          local it = item(prefix .. 'i:' .. n)
          if it then
            it.gone = true
            -- One that is claimed stays with its claim until the lease is over.
            if it.token == '' then deadlines['i:' .. n] = now end
          end
        end
      end
      s.token, deadlines[m] = token, now + lease
      sockets[#sockets + 1] = s
      replies[#replies + 1] = { 'socket', token, socket_reply(s), subscriptions(k) }
    else
      dangling[#dangling + 1] = m
    end
  else
    local it = item(k)
    if it then
      it.token, it.tries, deadlines[m] = token, it.tries + 1, now + lease
      replies[#replies + 1] = { 'item', token, item_reply(it) }
    else
      dangling[#dangling + 1] = m
    end
  end
end

redis.call('HSET', meta, 'claimed', int(now), 'grace', int(grace))
for _, s in ipairs(sockets) do
  redis.call('HSET', s.key, 'st', s.st, 'code', s.code, 'why', s.why, 'tok', s.token)
  redis.call('PEXPIRE', s.key, int(lease + GARBAGE))
end
for k, it in pairs(items) do
  if it then
    redis.call('HSET', k, 'gone', it.gone and '1' or '', 'tries', int(it.tries), 'tok', it.token)
    redis.call('PEXPIRE', k, int(lease + GARBAGE))
  end
end
for m, at in pairs(deadlines) do redis.call('ZADD', due, int(at), m) end
in_pieces('ZREM', due, dangling)

for _, s in ipairs(ended) do
  if s.at ~= '' then notify('I:' .. s.at, 'm', name(s.key), '0') end
end
return { next_due(), replies }
