-- attach: makes a connection the one that receives a socket's stream. See Store.Attach.
--
-- KEYS: 5 the socket.

local k = KEYS[5]
local secret, attach, inbox, ttl = take(), take(), take(), number()
local offset, tag, known, max, kept = number(), take(), number(), number(), take() == '1'

call('ZCARD', due)
local until_due = next_due()
local s = read_socket(k, true)
local function refuse(status, what) return { status, socket_reply(what), until_due } end

if not s or s.st == 'closed' then return refuse('gone', s) end
if s.secret ~= secret then return refuse('denied') end
if s.st ~= 'open' then return refuse('gone', s) end
if kept and tonumber(call('ZSCORE', due, member(k)) or math.huge) <= now then return refuse('gone', s) end
if kept and attach == '0' then
  if s.at ~= '' and s.at ~= inbox then return refuse('busy', s) end
  attach = s.at ~= '' and s.attach or string.format('%.0f', s.attach + 1)
end
if tonumber(attach) < tonumber(s.attach) then return refuse('stale') end
if known > s.number then return refuse('rewound') end

local status = 'applied'
if kept then offset, tag = s.floor, s.ftag end
if offset == 0 and tag == '' and s.floor == 0 then tag = s.ftag end
local where = place(s, offset, tag)
if where == 'off' then return refuse('rewound') end
if where == 'before' or kept and s.cut ~= '' then status = 'lost' end
if where == 'on' then let_go(s, offset) end

local found = entries(s, s.floor, max)
local subs = subscriptions(k)
local index = {}
for i = 1, #subs, 2 do index[subs[i]] = i + 1 end
local fields = { 'g', attach, 'at', inbox }
for _ = 1, number() do
  local topic, at = take(), take()
  local i = index[topic]
  if i then
    local sub = string.match(subs[i], '^[^,]*') .. ',' .. at .. (string.match(subs[i], '^[^,]*,[^,]*(,.*)') or '') -- where it began stays
    if sub ~= subs[i] then
      subs[i] = sub
      fields[#fields + 1] = 'b' .. topic
      fields[#fields + 1] = sub
    end
  end
end

write_stream(s, fields)
call('PEXPIRE', k, ttl + GARBAGE)
call('ZADD', due, now + ttl, member(k))
until_due = reschedule()
if s.at ~= '' and (attach ~= s.attach or inbox ~= s.at) then notify('I:' .. s.at, 'm', name(k), attach) end
s.attach = attach
return { status, socket_reply(s), until_due, s.floor .. '.' .. s.ftag, found, subs }
