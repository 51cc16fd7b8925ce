-- commit: makes a turn real, all of it or nothing. See Store.Commit.
--
-- KEYS: every socket, topic, item and idempotency key that the turn names. Three kinds of keys cannot be named
-- beforehand: the items of a socket that ends, the socket of an item that goes, and the sockets of a group. They have the same hash tag, and
-- are read before anything is written.

local sockets, topics, items = {}, {}, {} -- by key; false: does not exist
local stale = {}                          -- keys that are deleted or written anew: something else is in the way
local deadlines, errand_at = {}, {}       -- by member: when it is due; false: not any more
local on_rolls, more = {}, {}             -- by member of the rolls: whether it is to be one; by roll: how many more are on it than before

local function socket(k)
  local s = sockets[k]
  if s == nil then
    s = read_socket(k) or false
    if s then s.fields, s.items, s.subs = {}, {}, {} end -- to be written
    sockets[k] = s
  end
  return s
end

local function topic(k)
  if topics[k] == nil then topics[k] = read_topic(k) or false end
  return topics[k]
end

local function item(k)
  if items[k] == nil then items[k] = read_item(k) or false end
  return items[k]
end

-- Puts somebody on a roll who is not on it, as the records say, or takes off it somebody who is.
local function enrol(roll, one, is)
  local m = roll .. '\0' .. one
  if on_rolls[m] ~= is then
    on_rolls[m], more[roll] = is, (more[roll] or 0) + (is and 1 or -1)
  end
end

local function exceeds(roll, max)
  return max > 0 and call('ZLEXCOUNT', rolls, '[' .. roll .. '\0', '(' .. roll .. '\1') + (more[roll] or 0) > max
end

-- The keys of a group's sockets, as far as the turn has come: those that were on its roll, of whom some may have ended since, and who was put on it.
local function group_keys(group)
  local roll, names = 's:' .. group .. '\0', {}
  for _, m in ipairs(call('ZRANGEBYLEX', rolls, '[' .. roll, '(s:' .. group .. '\1')) do names[string.sub(m, #roll + 1)] = true end
  for m, is in pairs(on_rolls) do
    if is and string.sub(m, 1, #roll) == roll then names[string.sub(m, #roll + 1)] = true end
  end
  local keys = {}
  for n in pairs(names) do keys[#keys + 1] = prefix .. 's:' .. n end
  return keys
end

local function open_socket(k)
  local s = socket(k)
  return s and s.st == 'open' and s
end

-- Ids of topics are numbers to base 36.
local ids_given
local function next_id()
  if not ids_given then
    local given = call('HGET', meta, 'topics')
    ids_given = given and (count(given) or now) or 0 -- as milliseconds, now is more than were ever given
  end
  ids_given = ids_given + 1
  local id, n = '', ids_given
  repeat
    local digit = n % 36
    id = string.sub('0123456789abcdefghijklmnopqrstuvwxyz', digit + 1, digit + 1) .. id
    n = (n - digit) / 36
  until n == 0
  return id
end

-- Returns a topic, made if need be, whose time to live begins anew.
local function living_topic(k)
  local t = topic(k)
  if not t then
    t = new_stream(k, attempt)
    t.id, t.ttl, t.fields, t.field_bytes, t.set = next_id(), 0, 0, 0, {}
    topics[k], stale[k] = t, true
  end
  t.touched = true
  return t
end

-- A topic's field as it is kept; false: there is none.
local function field(t, one)
  local f = t.set[one]
  if f == nil and not stale[t.key] then f = call('HGET', t.key, 'm' .. one) end
  return f or false
end

-- Sets a topic's field, or removes it if it is given no place. Fields take the place of a value.
local function set_field(t, one, at, value)
  local old = field(t, one)
  if old then
    local _, was = field_parts(old)
    t.fields, t.field_bytes = t.fields - 1, t.field_bytes - #one - #(was or '')
  end
  if at then t.fields, t.field_bytes = t.fields + 1, t.field_bytes + #one + #value end
  t.set[one] = at and at .. ',' .. value or false
  t.value = false
end

-- Sets a topic's value, which takes the place of its fields.
local function set_value(t, value)
  if t.fields > 0 then
    for _, one in ipairs(stale[t.key] and {} or fields_with(t.key, 'm')) do t.set[one] = false end
    for one in pairs(t.set) do t.set[one] = false end
  end
  t.value, t.fields, t.field_bytes = value, 0, 0
end

-- What a socket is subscribed to: '<id>,<cursor>'; false: it is not. And to how many topics.
local function subscription(s, topic_name)
  local sub = s.subs[topic_name]
  if sub == nil and not stale[s.key] then sub = call('HGET', s.key, 'b' .. topic_name) end
  return sub
end

local function subscribe(s, topic_name, sub)
  if not s.count then s.count = stale[s.key] and 0 or count(call('HGET', s.key, 'nb')) or 0 end
  s.count = s.count + (sub and 1 or 0) - (subscription(s, topic_name) and 1 or 0)
  s.subs[topic_name] = sub
end

local function remove_item(k)
  local i = item(k)
  if not i then return end
  if i.owner then
    local owner = prefix .. 's:' .. i.owner
    local s = socket(owner)
    if s then s.items[name(k)] = false else absent(owner) end
  end
  if i.by ~= '' then enrol('i:' .. i.by, name(k), false) end
  items[k], stale[k], errand_at[member(k)] = false, true, false
end

-- A socket ends: st 'closing', its goodbye is due; or 'closed'. Items that belong to it are due now; one that is claimed stays with its
-- claim until the lease is over.
local function finish(s, st, code, why)
  if s.st == 'open' then
    for _, n in ipairs(stale[s.key] and {} or fields_with(s.key, 'q')) do
      if s.items[n] == nil then s.items[n] = true end
    end
    for n, held in pairs(s.items) do
      local i = held and item(prefix .. 'i:' .. n)
      if held and not i then absent(prefix .. 'i:' .. n) end
      if i then
        i.gone, i.orphaned = true, true
        if i.token == '' then errand_at['i:' .. n] = now end
      end
    end
    for group in string.gmatch(s.groups or call('HGET', s.key, 'gr') or '', GROUPS) do enrol('s:' .. group, name(s.key), false) end
    if s.at ~= '' and s.at ~= from then notices[#notices + 1] = { 'I:' .. s.at, 'm', name(s.key), '0' } end
  end
  s.st, s.code, s.why = st, code, why
  if st == 'closing' then
    s.ending, errand_at[member(s.key)] = true, now
  else
    s.buried, errand_at[member(s.key)] = true, false
  end
  deadlines[member(s.key)] = false
end

local cause_socket
local function outcome(status, what) return answer(status, cause_socket and socket(cause_socket), what) end

-- Nothing was written yet: the cause's socket is what it was.
local function exceeded(what)
  if cause_socket then sockets[cause_socket] = nil end
  return outcome('exceeded', { what })
end

-- 1. Does the cause stand?

local refused, said, cause_item, once, keep_once

if cause == 'message' then
  cause_socket = key()
  local n = number()
  refused = refusal(socket(cause_socket), n)
  if n > 0 then said = n end
elseif cause == 'goodbye' then
  cause_socket = key()
  local token, s = take(), socket(cause_socket)
  if not s or s.token ~= token then refused = 'gone' end
elseif cause == 'item' then
  cause_item = key()
  local token, i = take(), item(cause_item)
  if not i or i.token ~= token then refused = 'gone' end
else
  once, keep_once = key(), number()
  local expires = call('GET', once)
  if expires and tonumber(expires) > now then refused = 'repeated' end
end

local ack, ack_tag, leaves = number(), take(), take()
if refused then return outcome(refused) end

if said then
  local full = acknowledge(socket(cause_socket), ack, ack_tag)
  if full and leaves == '' then return outcome('full') end
end

-- 2. Do the guards hold?

local holds, guarded = true, {}
for _ = 1, number() do
  local kind, k = take(), key()
  if kind == 'item' then
    if not item(k) then holds = false end
  else
    local one, offset, tag, t = take(), number(), take(), topic(k)
    local at, value = '', false
    if t and one ~= '' then
      at, value = field_parts(field(t, one))
    elseif t then
      at = t.top .. '.' .. t.tag
    end
    guarded[#guarded + 1] = { at = at, value = value, topic = t and one == '' and k }
    if at ~= ((offset > 0 or tag ~= '') and offset .. '.' .. tag or '') then holds = false end
  end
end
if not holds then
  local fresh = {}
  for _, g in ipairs(guarded) do
    fresh[#fresh + 1] = g.at
    fresh[#fresh + 1] = g.topic and call('HGET', g.topic, 'v') or g.value
  end
  return outcome('conflict', fresh)
end

-- 3. What the effects come to, in order.

if said then socket(cause_socket).number = said end
if cause_item then remove_item(cause_item) end

local places = {} -- one for each effect
for effect = 1, number() do
  local kind, at = take(), ''

  if kind == 'append' then
    local s, data = open_socket(key()), take()
    if s then at = append(s, data) end

  elseif kind == 'appendall' then
    local group, data = take(), take()
    for _, k in ipairs(group_keys(group)) do
      local s = open_socket(k)
      if s then append(s, data, true) else absent(k) end
    end

  elseif kind == 'publish' then
    local k, data, valued, value, keep, keep_bytes, ttl = key(), take(), take(), take(), number(), number(), number()
    local t, before = living_topic(k)
    local max, max_field_bytes = number(), number()
    t.ttl = ttl
    before, at = add(t, attempt, data)
    if valued ~= '' then set_value(t, value) end
    local fields, bytes = t.fields, t.field_bytes
    for _ = 1, number() do
      local one, is, v = take(), take(), take()
      set_field(t, one, is ~= '' and at, v)
    end
    if max > 0 and t.fields > math.max(max, fields) or max_field_bytes > 0 and t.field_bytes > math.max(max_field_bytes, bytes) then
      return exceeded(name(k))
    end
    while t.top > t.floor + 1 and (t.top - t.floor > keep or t.bytes > keep_bytes) do let_go(t, t.floor + 1) end
    local fits = #data <= NOTICE
    notices[#notices + 1] = { 'T:' .. name(k), fits and 'a' or 'A', from, before, at, fits and data or '' }

  elseif kind == 'subscribe' then
    local s, k, back, state, ttl, max, data = open_socket(key()), key(), number(), take(), number(), number(), take()
    if s then
      local t, begin, from, again = living_topic(k), '0.', 0, subscription(s, name(k))
      if t.top == 0 then t.ttl = math.max(t.ttl, ttl) end
      if state == '' then
        local offset = math.max(t.floor, t.top - back)
        begin, from = offset .. '.' .. tag_at(t, offset), offset
      end
      local sub = t.id .. ',' .. begin
      subscribe(s, name(k), sub .. ',' .. from)
      if max > 0 and s.count > max and not again then return exceeded(name(k)) end
      at = append(s, data .. sub)
    end

  elseif kind == 'unsubscribe' then
    local s, topic_name, data = open_socket(key()), name(key()), take()
    local sub = s and subscription(s, topic_name)
    if sub then
      subscribe(s, topic_name, false)
      at = append(s, data .. string.match(sub, '^[^,]*'))
    end

  elseif kind == 'put' then
    local k, owner, by, max, after, data = key(), key(), take(), number(), number(), take()
    local old = item(k)
    remove_item(k)
    if by ~= '' then
      enrol('i:' .. by, name(k), true)
      if not (old and old.by == by) and exceeds('i:' .. by, max) then return exceeded(name(k)) end
    end
    local i = { put = true, data = data, due = now + after, token = '', owner = owner and name(owner), by = by }
    if owner then
      local s = open_socket(owner)
      if s then
        s.items[name(k)] = true
      else
        i.gone, i.due = true, now
      end
    end
    items[k], stale[k], errand_at[member(k)] = i, true, i.due

  elseif kind == 'cancel' then
    remove_item(key())

  elseif kind == 'end' then
    local s, code, why = open_socket(key()), take(), take()
    if s then finish(s, 'closing', code, why) end

  elseif kind == 'bye' then
    local code, why, keep = take(), take(), number()
    local s = cause_socket and socket(cause_socket)
    if s and s.st ~= 'closed' then
      finish(s, 'closed', code, why)
      if keep > 0 then s.keep = keep end
    end

  elseif kind == 'open' then
    local s = new_stream(cause_socket, attempt)
    s.st, s.number, s.fields, s.items, s.subs = 'open', 0, {}, {}, {}
    s.secret, s.user, s.session, s.attach, s.at, s.ttl = take(), take(), take(), take(), take(), number()
    local groups = {}
    for i = 1, number() do
      local group, max = take(), number()
      groups[i] = group
      enrol('s:' .. group, name(cause_socket), true)
      if exceeds('s:' .. group, max) then return exceeded(group) end
    end
    s.groups = table.concat(groups, '\0')
    s.fields = { 'st', 'open', 'h', s.secret, 'u', s.user, 'ss', s.session, 'g', s.attach, 'at', s.at }
    if s.groups ~= '' then s.fields[13], s.fields[14] = 'gr', s.groups end
    sockets[cause_socket], stale[cause_socket], deadlines[member(cause_socket)] = s, true, now + s.ttl
  end

  places[effect] = at
end

if cause == 'goodbye' then
  local s = socket(cause_socket)
  if s.st ~= 'closed' then finish(s, 'closed', s.code, s.why) end
end

-- If one of them is something else, the script fails here.
if next(deadlines) then call('ZCARD', due) end
if next(errand_at) then call('ZCARD', errands) end
if next(on_rolls) then call('ZCARD', rolls) end

-- 4. Write. Nothing can fail from here on.

-- Lets go of all that a key holds, if it exists, but stands for it until the end.
local STAND_IN, vacated = '.', {}
local function vacate(k)
  if vacated[k] or call('EXISTS', k) == 0 then return end
  local fields = call('HKEYS', k)
  call('HSET', k, STAND_IN, '')
  in_pieces('HDEL', k, fields)
  vacated[k] = true
end

for k in pairs(stale) do
  if sockets[k] or topics[k] or items[k] then vacate(k) else call('DEL', k) end
end

for k, s in pairs(sockets) do
  if s and s.buried then
    local keep = s.keep or TOMBSTONE
    vacate(k)
    call('HSET', k, 'st', 'closed', 'in', s.number, 'code', s.code, 'why', s.why, 'exp', now + keep)
    call('PEXPIRE', k, keep)
  elseif s and s.st ~= 'closed' then
    local fields, removed = s.fields, {}
    if said and k == cause_socket or stale[k] then
      fields[#fields + 1] = 'in'; fields[#fields + 1] = s.number
    end
    if s.ending then
      for _, v in ipairs({ 'st', s.st, 'code', s.code, 'why', s.why }) do fields[#fields + 1] = v end
    end
    for n, sub in pairs(s.subs) do
      if sub then fields[#fields + 1] = 'b' .. n; fields[#fields + 1] = sub else removed[#removed + 1] = 'b' .. n end
    end
    for n, held in pairs(s.items) do
      if held then fields[#fields + 1] = 'q' .. n; fields[#fields + 1] = '' else removed[#removed + 1] = 'q' .. n end
    end
    if s.count then fields[#fields + 1] = 'nb'; fields[#fields + 1] = s.count end
    in_pieces('HDEL', k, removed)
    write_stream(s, fields)
    if s.ttl then call('PEXPIRE', k, s.ttl + GARBAGE) end
  end
end

for k, t in pairs(topics) do
  if t and t.touched then
    local fields, removed = { 'exp', now + t.ttl, 'ttl', t.ttl }, {}
    if stale[k] then fields[5], fields[6] = 'id', t.id end
    if t.value then fields[#fields + 1] = 'v'; fields[#fields + 1] = t.value end
    if t.value == false then removed[1] = 'v' end
    for one, f in pairs(t.set) do
      if f then fields[#fields + 1] = 'm' .. one; fields[#fields + 1] = f else removed[#removed + 1] = 'm' .. one end
    end
    if next(t.set) then
      for _, v in ipairs({ 'nf', t.fields, 'fb', t.field_bytes }) do fields[#fields + 1] = v end
    end
    write_stream(t, fields)
    in_pieces('HDEL', k, removed)
    call('PEXPIRE', k, t.ttl)
  end
end
if ids_given then call('HSET', meta, 'topics', ids_given) end

for k, i in pairs(items) do
  if i and i.put then
    call('HSET', k, 'data', i.data, 'tries', '0', 'tok', '')
    if i.owner then call('HSET', k, 'sock', i.owner) end
    if i.by ~= '' then call('HSET', k, 'by', i.by) end
    call('PEXPIRE', k, i.due - now + GARBAGE)
  end
  if i and i.gone and (i.put or i.orphaned) then call('HSET', k, 'gone', '1') end
end

if once then call('SET', once, now + keep_once, 'PX', keep_once) end
local function enter(agenda, times)
  for m, at in pairs(times) do
    if at then call('ZADD', agenda, at, m) end
  end
  for m, at in pairs(times) do
    if not at then call('ZREM', agenda, m) end
  end
end
enter(due, deadlines)
enter(errands, errand_at)
if next(on_rolls) then
  local joined, left = {}, {}
  for m, is in pairs(on_rolls) do
    if is then joined[#joined + 1] = '0'; joined[#joined + 1] = m else left[#left + 1] = m end
  end
  in_pieces('ZADD', rolls, joined)
  in_pieces('ZREM', rolls, left)
end
for k in pairs(vacated) do call('HDEL', k, STAND_IN) end
if next(deadlines) or next(errand_at) then until_due = reschedule() end

for i = 1, #notices do notify(unpack(notices[i])) end
return outcome('applied', places)
