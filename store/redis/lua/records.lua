-- What the scripts have in common that do more than one thing to one socket. It stands after the prelude.

-- The rolls say which sockets a group has, and which items somebody has put. A roll is 's:' and a group, or 'i:' and by whom the items are. A member of
-- the rolls is a roll, a NUL, which no such name has, and the socket or item. All have one score, so that they stand in the order of their bytes: a
-- roll goes from '[' .. roll .. '\0' to '(' .. roll .. '\1'. A socket's record has its groups' names with NULs between them.
local GROUPS = '[^%z]+'

-- Is called when a key that is not in KEYS does not exist. If that is because it has not come yet Redis refuses a command with two keys of which it
-- has one, and the script fails.
local function absent(k) call('EXISTS', k, due) end

local function new_stream(k, attempt)
  local tag = tag_after('', attempt)
  return { key = k, top = 0, tag = tag, floor = 0, ftag = tag, bytes = 0, cut = '', top0 = 0, floor0 = 0, added = {}, changed = true }
end

-- Fields of a hash, any number of them.
local function read_fields(k, fields)
  local found = {}
  for i = 1, #fields, PIECE do
    for _, v in ipairs(call('HMGET', k, unpack(fields, i, math.min(i + PIECE - 1, #fields)))) do found[#found + 1] = v end
  end
  return found
end

-- Entries after an offset, each its tag and its data, max at most.
local function entries(s, after, max)
  local fields = {}
  for offset = after + 1, math.min(after + max, s.top) do fields[#fields + 1] = 'o' .. offset end
  return read_fields(s.key, fields)
end

-- What is known of a socket, as reply.socket reads it.
local function socket_reply(s)
  if not s then return false end
  local known = { name(s.key), s.number, s.st == 'open' and '' or 'ended', s.code or '0', s.why or '' }
  if s.st ~= 'closed' then
    for i, v in ipairs({ s.top .. '.' .. s.tag, s.attach, s.secret, s.user, s.session }) do known[5 + i] = v end
  end
  return known
end

-- The fields of a hash that begin with a letter, without it. Of a socket's: 'b' topics subscribed to, 'q' items that belong to it; of a topic's: 'm' its fields.
local function fields_with(k, letter)
  local found = {}
  for _, f in ipairs(call('HKEYS', k)) do
    if string.sub(f, 1, 1) == letter then found[#found + 1] = string.sub(f, 2) end
  end
  return found
end

-- Subscriptions of a socket: topic, '<id>,<cursor>', and so on.
local function subscriptions(k)
  local found = {}
  for _, topic in ipairs(fields_with(k, 'b')) do
    found[#found + 1] = topic
    found[#found + 1] = call('HGET', k, 'b' .. topic)
  end
  return found
end

local function read_topic(k)
  local f = call('HMGET', k, HEAD, 'id', 'ttl', 'exp', 'nf', 'fb')
  local t, ttl, expires = stream(k, f[1]), count(f[3]), count(f[4])
  if not (t and f[2] and ttl and expires) or expires <= now then return nil end
  t.id, t.ttl = f[2], ttl
  t.fields, t.field_bytes, t.set = count(f[5]) or 0, count(f[6]) or 0, {} -- set: fields that the script sets
  return t
end

-- A topic's field is kept as the place at which it was set, a comma and its value. Returns these; '' and false if there is none.
local function field_parts(text)
  if text then
    local at, value = string.match(text, '^(%d+%.%x+),(.*)$')
    if at then return at, value end
  end
  return '', false
end

local function read_item(k)
  local f = call('HMGET', k, 'data', 'sock', 'gone', 'tries', 'tok', 'by')
  local tries = count(f[4])
  if not (f[1] and tries and f[5]) then return nil end
  return { key = k, data = f[1], owner = f[2], gone = f[3] == '1', tries = tries, token = f[5], by = f[6] or '' }
end

-- An item, as reply.item reads it.
local function item_reply(i)
  return { name(i.key), i.owner or '', i.data, i.gone and '1' or '', i.tries }
end

