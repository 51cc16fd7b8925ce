-- commit: makes a turn real, all of it or nothing. See Store.Commit.
--
-- KEYS: 1 what is due, 2 meta, then every socket, topic, item and idempotency key that the turn names. Two kinds of keys can
-- not be named beforehand: the items of a socket that ends, and the socket of an item that goes. They
-- have the same hash tag, and are read before anything is written.

read_agenda()

local attempt, from = take(), take()
local max_entries, max_bytes = number(), number()

local sockets, topics, items = {}, {}, {} -- by key; false: does not exist
local stale = {}                          -- keys to be deleted before they are written: something expired is in the way
local deadlines = {}                      -- by member: milliseconds, or false for none any more
local notices = {}                        -- in order

local function socket(k)
  if sockets[k] == nil then
    local s = read_socket(k) or false
    if s then s.fields, s.items, s.subs = {}, {}, {} end -- to be written
    sockets[k] = s
  end
  return sockets[k]
end

local function topic(k)
  if topics[k] == nil then topics[k] = read_topic(k) or false end
  return topics[k]
end

local function item(k)
  if items[k] == nil then items[k] = read_item(k) or false end
  return items[k]
end

local function set(s, field, value)
  s.fields[#s.fields + 1] = field
  s.fields[#s.fields + 1] = value
end

-- Steps of effects.

local function append(k, data) -- to an open socket's stream; returns the entry's place
  local s = socket(k)
  if s.top - s.floor >= max_entries or s.bytes + #data > max_bytes then let_go(s, s.top) end
  local before = s.tag
  add(s, attempt, data)
  if s.at ~= '' and s.at ~= from then
    local full = #data <= NOTICE
    notices[#notices + 1] = { 'I:' .. s.at, full and 'a' or 'A', name(k), before, cursor(s.top, s.tag), full and data or '' }
  end
  return cursor(s.top, s.tag)
end

local function is_open(k)
  local s = socket(k)
  return s and s.st == 'open'
end

-- Ids of topics are numbers to base 36.
local DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
local function to_id(n)
  local id = ''
  repeat
    local digit = n % 36
    id = string.sub(DIGITS, digit + 1, digit + 1) .. id
    n = (n - digit) / 36
  until n == 0
  return id
end

local made_topics = false
local function make_topic(k, ttl)
  local t = topic(k)
  if not t then
    topic_ids, made_topics = topic_ids + 1, true
    t = new_stream(k, attempt)
    t.id = to_id(topic_ids)
    topics[k], stale[k] = t, true
  end
  t.ttl, t.touched = ttl, true
  return t
end

local function remove_item(k)
  local i = item(k)
  if not i then return end
  if i.owner then
    local s = socket(prefix .. 's:' .. i.owner)
    if s then s.items[name(k)] = false end
  end
  items[k], stale[k], deadlines[member(k)] = false, true, false
end

-- A socket ends: st 'closing', its goodbye is due; or 'closed'. Items that belong to it are due now; one that is claimed stays with its
-- claim until the lease is over.
local function finish(k, st, code, why)
  local s = socket(k)
  if s.st == 'open' then
    for _, n in ipairs(fields_with(k, 'q')) do
      if s.items[n] == nil then s.items[n] = true end
    end
    for n, held in pairs(s.items) do
      local i = held and item(prefix .. 'i:' .. n)
      if i then
        i.gone, i.orphaned = true, true
        if i.token == '' then deadlines['i:' .. n] = now end
      end
    end
    if s.at ~= '' and s.at ~= from then notices[#notices + 1] = { 'I:' .. s.at, 'm', name(k), '0' } end
  end
  s.st, s.code, s.why = st, code, why
  if st == 'closing' then
    set(s, 'st', st); set(s, 'code', code); set(s, 'why', why)
    deadlines[member(k)] = now
  else
    s.buried = true
    deadlines[member(k)] = false
  end
end

-- The answer. rest: the places of entries, or what guarded topics hold.
local cause_socket
local function outcome(status, rest)
  local s = cause_socket and socket(cause_socket)
  local reply = { status, s and int(s.number) or '0', s and s.st ~= 'closed' and cursor(s.top, s.tag) or '', next_due() }
  for _, v in ipairs(rest or {}) do reply[#reply + 1] = v end
  return reply
end

-- 1. Does the cause stand?

local cause = take()
local refused, cause_item, once, keep_once, said

if cause == 'message' then
  cause_socket = key()
  local n = number()
  local s = socket(cause_socket)
  if n == 0 then refused = s and 'repeated'
  elseif not s then refused = 'gone'
  elseif n <= s.number then refused = 'repeated'
  elseif s.st ~= 'open' then refused = 'gone'
  elseif n > s.number + 1 then refused = 'gap'
  else said = n end
elseif cause == 'goodbye' then
  cause_socket = key()
  local token = take()
  local s = socket(cause_socket)
  if not s or s.st ~= 'closing' or s.token ~= token then refused = 'gone' end
elseif cause == 'item' then
  cause_item = key()
  local token = take()
  local i = item(cause_item)
  if not i or i.token ~= token then refused = 'gone' end
else
  once = key()
  keep_once = number()
  local expires = redis.call('GET', once)
  if expires and tonumber(expires) > now then refused = 'repeated' end
end

local ack, ack_tag, leaves = number(), take(), take()
if refused then return outcome(refused) end

if said then
  local s = socket(cause_socket)
  if place(s, ack, ack_tag) == 'on' then let_go(s, ack) end
  if leaves ~= '1' and (s.top - s.floor > max_entries / 2 or s.bytes > max_bytes / 2) then return outcome('full') end
end

-- 2. Do the guards hold?

local holds, guarded = true, {}
for _ = 1, number() do
  local kind, k = take(), key()
  if kind == 'item' then
    if not item(k) then holds = false end
  else
    local offset, tag = number(), take()
    local t = topic(k)
    guarded[#guarded + 1] = k
    if (t and t.top or 0) ~= offset or (t and t.tag or '') ~= tag then holds = false end
  end
end
if not holds then
  local fresh = {}
  for _, k in ipairs(guarded) do
    local t = topic(k)
    fresh[#fresh + 1] = t and cursor(t.top, t.tag) or ''
    fresh[#fresh + 1] = t and redis.call('HGET', k, 'v') or false
  end
  return outcome('conflict', fresh)
end

-- 3. What would become of the effects, in order.

if cause_item then remove_item(cause_item) end
if said then
  local s = socket(cause_socket)
  s.number = said
  set(s, 'in', int(said))
end

local effects = {}

function effects.open()
  local secret, user, session, attach, inbox, ttl = take(), take(), take(), take(), take(), number()
  local s = new_stream(cause_socket, attempt)
  s.fields, s.items, s.subs = {}, {}, {}
  s.st, s.number, s.attach, s.at, s.secret, s.user, s.session = 'open', 0, tonumber(attach), inbox, secret, user, session
  set(s, 'st', 'open'); set(s, 'in', '0'); set(s, 'h', secret); set(s, 'u', user); set(s, 'ss', session)
  set(s, 'g', attach); set(s, 'at', inbox)
  s.ttl = ttl
  sockets[cause_socket], stale[cause_socket], deadlines[member(cause_socket)] = s, true, now + ttl
  return ''
end

function effects.append()
  local k, data = key(), take()
  if not is_open(k) then return '' end
  return append(k, data)
end

function effects.publish()
  local k, data, valued, value, keep, keep_bytes, ttl = key(), take(), take(), take(), number(), number(), number()
  local t = make_topic(k, ttl)
  local before = t.tag
  add(t, attempt, data)
  while t.top > t.floor + 1 and (t.top - t.floor > keep or t.bytes > keep_bytes) do let_go(t, t.floor + 1) end
  if valued == '1' then t.value = value end
  local full = #data <= NOTICE
  notices[#notices + 1] = { 'T:' .. name(k), full and 'a' or 'A', from, before, cursor(t.top, t.tag), full and data or '' }
  return cursor(t.top, t.tag)
end

function effects.subscribe()
  local k, topic_key, back, state, ttl, data = key(), key(), number(), take(), number(), take()
  if not is_open(k) then return '' end
  local t = make_topic(topic_key, ttl)
  local start = '0.'
  if state ~= '1' then
    local offset = math.max(t.floor, t.top - back)
    start = cursor(offset, tag_at(t, offset))
  end
  socket(k).subs[name(topic_key)] = t.id .. ',' .. start
  return append(k, data .. t.id .. ',' .. start)
end

function effects.unsubscribe()
  local k, topic_key, data = key(), key(), take()
  if not is_open(k) then return '' end
  local s, n = socket(k), name(topic_key)
  local sub = s.subs[n]
  if sub == nil and not stale[k] then sub = redis.call('HGET', k, 'b' .. n) end
  if not sub then return '' end
  s.subs[n] = false
  return append(k, data .. string.match(sub, '^[^,]*'))
end

function effects.put()
  local k, owner_index, after, data = key(), number(), number(), take()
  remove_item(k)
  local i = { put = true, data = data, due = now + after, token = '' }
  if owner_index > 0 then
    local owner = KEYS[owner_index]
    i.owner = name(owner)
    if is_open(owner) then
      socket(owner).items[name(k)] = true
    else
      i.gone, i.due = true, now
    end
  end
  items[k], stale[k], deadlines[member(k)] = i, true, i.due
  return ''
end

function effects.cancel()
  remove_item(key())
  return ''
end

effects['end'] = function()
  local k, code, why = key(), take(), take()
  if is_open(k) then finish(k, 'closing', code, why) end
  return ''
end

function effects.bye()
  local code, why = take(), take()
  local s = cause_socket and socket(cause_socket)
  if s and s.st ~= 'closed' then finish(cause_socket, 'closed', code, why) end
  return ''
end

local places = {}
for i = 1, number() do places[i] = effects[take()]() end
if cause == 'goodbye' then
  local s = socket(cause_socket)
  if s.st ~= 'closed' then finish(cause_socket, 'closed', s.code, s.why) end
end

-- 4. Write. Nothing can fail from here on.

for k in pairs(stale) do redis.call('DEL', k) end

for k, s in pairs(sockets) do
  if s and s.buried then
    redis.call('DEL', k)
    redis.call('HSET', k, 'st', 'closed', 'in', int(s.number), 'code', s.code, 'why', s.why, 'exp', int(now + TOMBSTONE))
    redis.call('PEXPIRE', k, int(TOMBSTONE))
  elseif s and s.st ~= 'closed' then
    local removed = {}
    for n, sub in pairs(s.subs) do
      if sub then set(s, 'b' .. n, sub) else removed[#removed + 1] = 'b' .. n end
    end
    for n, held in pairs(s.items) do
      if held then set(s, 'q' .. n, '') else removed[#removed + 1] = 'q' .. n end
    end
    in_pieces('HDEL', k, removed)
    write_stream(s, s.fields)
    if s.ttl then redis.call('PEXPIRE', k, int(s.ttl + GARBAGE)) end
  end
end

for k, t in pairs(topics) do
  if t and t.touched then
    local fields = { 'id', t.id, 'ttl', int(t.ttl), 'exp', int(now + t.ttl) }
    if t.value then fields[#fields + 1] = 'v'; fields[#fields + 1] = t.value end
    write_stream(t, fields)
    redis.call('PEXPIRE', k, int(t.ttl))
  end
end
if made_topics then redis.call('HSET', meta, 'topics', int(topic_ids)) end

for k, i in pairs(items) do
  if i and i.put then
    redis.call('HSET', k, 'data', i.data, 'tries', '0', 'tok', '')
    if i.owner then redis.call('HSET', k, 'sock', i.owner) end
    redis.call('PEXPIRE', k, int(i.due - now + GARBAGE))
  end
  if i and i.gone and (i.put or i.orphaned) then redis.call('HSET', k, 'gone', '1') end
end

for m, at in pairs(deadlines) do
  if at then redis.call('ZADD', due, int(at), m) else redis.call('ZREM', due, m) end
end
if once then redis.call('SET', once, int(now + keep_once), 'PX', int(keep_once)) end

for _, n in ipairs(notices) do notify(unpack(n)) end
return outcome('applied', places)
