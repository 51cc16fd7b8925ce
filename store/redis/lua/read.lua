-- read: answers queries, each by itself. See Store.Read.
--
-- KEYS: the sockets, topics and items that are asked for.

local watched = {} -- topics that were read: time to live by key
local function watched_topic(k)
  local t = read_topic(k)
  if t then watched[k] = t.ttl end
  return t
end

-- Entries after a cursor, or where it is not on the stream (any more), those that are kept.
local function part(s, offset, tag, max)
  local status, rewound = 'applied', ''
  if offset == 0 and tag == '' then
    offset, tag = s.floor, s.ftag
  else
    local where = place(s, offset, tag)
    if where ~= 'on' then
      status, offset, tag = 'lost', s.floor, s.ftag
      if where == 'off' then rewound = '1' end
    end
  end
  return { status, s.top .. '.' .. s.tag, offset .. '.' .. tag, entries(s, offset, max), rewound }
end

local ask = {}

function ask.entries()
  local k, offset, tag, max = key(), number(), take(), number()
  local t = watched_topic(k)
  if not t then return { 'missing' } end
  return part(t, offset, tag, max)
end

function ask.value()
  local k = key()
  local t = watched_topic(k)
  if not t then return { 'missing' } end
  return { 'applied', t.top .. '.' .. t.tag, call('HGET', k, 'v') }
end

function ask.field()
  local k, one = key(), take()
  local t = watched_topic(k)
  if not t then return { 'missing' } end
  local at, value = field_parts(call('HGET', k, 'm' .. one))
  return { 'applied', t.top .. '.' .. t.tag, value and { one, at, value } or {} }
end

function ask.fields()
  local k = key()
  local t = watched_topic(k)
  if not t then return { 'missing' } end
  local all, found, n = t.fields > 0 and call('HGETALL', k) or {}, {}, 0
  for i = 1, #all, 2 do
    local at, value = '', false
    if string.sub(all[i], 1, 1) == 'm' then at, value = field_parts(all[i + 1]) end
    if value then
      found[n + 1], found[n + 2], found[n + 3] = string.sub(all[i], 2), at, value
      n = n + 3
    end
  end
  return { 'applied', t.top .. '.' .. t.tag, found }
end

function ask.socket()
  local s = read_socket(key(), true)
  if not s or s.st ~= 'open' then return { 'gone', socket_reply(s) } end
  return { 'applied', socket_reply(s) }
end

function ask.sent()
  local k, offset, tag, max = key(), number(), take(), number()
  local s = read_socket(k, true)
  if not s or s.st ~= 'open' then return { 'gone', socket_reply(s) } end
  return part(s, offset, tag, max)
end

function ask.item()
  local i = read_item(key())
  if not i then return { 'missing' } end
  return { 'applied', item_reply(i) }
end

function ask.group()
  local roll, max = 's:' .. take(), number()
  local members = call('ZRANGEBYLEX', rolls, '[' .. roll .. '\0', '(' .. roll .. '\1', 'LIMIT', 0, max)
  for i, m in ipairs(members) do members[i] = string.sub(m, #roll + 2) end
  return { 'applied', members }
end

local replies = {}
for i = 1, number() do replies[i] = ask[take()]() end

-- Reading counts as watching. That is no reason to fail for want of memory: it comes last, and may be refused.
for k, ttl in pairs(watched) do
  redis.pcall('HSET', k, 'exp', now + ttl)
  redis.pcall('PEXPIRE', k, ttl)
end
return replies
