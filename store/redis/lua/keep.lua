-- keep: connections are still held. See Store.Keep.
--
-- KEYS: the sockets.

call('ZCARD', due)
call('HLEN', meta)
local replies, kept = {}, {}
for i = 1, number() do
  local k, attach, inbox, ttl, offset, tag = key(), take(), take(), number(), number(), take()
  local s = read_socket(k)
  local status = 'applied'
  if not s or s.st ~= 'open' then
    status = 'gone'
  elseif attach ~= '0' and tonumber(attach) < tonumber(s.attach) then
    status = 'replaced'
  elseif offset > 0 or tag ~= '' then
    local where = place(s, offset, tag)
    if where == 'off' then status = 'rewound' end
    if where == 'on' then let_go(s, offset) end
  end
  if status == 'applied' then
    -- An attach number above the newest: the store has forgotten that attach, but the connection is there.
    local held = attach ~= '0'
    kept[#kept + 1] = { s, held and { 'g', attach, 'at', inbox } or {}, held and ttl }
  end
  replies[i] = { status }
  if s then
    replies[i] = { status, s.number, s.st == 'open' and '' or 'ended', s.code or '0', s.why or '',
      s.st == 'closed' and '' or s.top .. '.' .. s.tag }
  end
end

for _, one in ipairs(kept) do
  local s, fields, ttl = unpack(one)
  write_stream(s, fields)
  if ttl then
    call('PEXPIRE', s.key, ttl + GARBAGE)
    call('ZADD', due, now + ttl, member(s.key))
  end
end
if #kept > 0 then reschedule() end
return replies
