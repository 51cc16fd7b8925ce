-- What all scripts have in common. It stands before each of them.
--
-- ARGV[1] is added to the clock, in milliseconds (0 but in tests); ARGV[2] is what the names of keys and channels begin with.
-- The rest is taken one after the other.
--
-- The rule of all scripts: read everything and decide, then write, then publish. A script that fails keeps what it
-- wrote, so that nothing may fail after the first write: every key that is written was read before, as the type that it
-- has to be. What is left can only be refused at the first write (no memory, read-only), and Redis sees to that.

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000) + tonumber(ARGV[1])
local prefix = ARGV[2]

local DAY = 24 * 60 * 60 * 1000
local GARBAGE = 7 * DAY     -- what is due and never claimed is let go so long after it was due
local TOMBSTONE = DAY       -- how long an ended socket's last number can be asked for
local NOTICE = 8 * 1024     -- an entry larger than this is noticed without its data
local TAG = 5               -- length of a tag; an entry is kept as its tag followed by its data

local taken = 2
local function take() taken = taken + 1; return ARGV[taken] end
local function number() return tonumber(take()) end
local function key() return KEYS[number()] end -- keys are named by their place in KEYS

-- Numbers become text only here: tostring(1e15) differs between servers.
local function int(n) return string.format('%.0f', n) end
local function cursor(offset, tag) return int(offset) .. '.' .. tag end
local function tag_after(tag, attempt) return string.sub(redis.sha1hex(tag .. attempt), 1, TAG) end

-- The name that a key ends with: 's:' and a socket, 't:' and a topic, 'i:' and an item.
local function member(k) return string.sub(k, #prefix + 1) end
local function name(k) return string.sub(k, #prefix + 3) end

-- Commands with any number of arguments, in pieces that fit on the stack; an even number, for HSET.
local PIECE = 1000
local function in_pieces(command, k, list)
  for i = 1, #list, PIECE do
    redis.call(command, k, unpack(list, i, math.min(i + PIECE - 1, #list)))
  end
end

-- A stream is read into a table: offsets top and floor with their tags, bytes of data kept, and the entries that this script adds. What
-- was there is kept in top0 and floor0, so that write_stream knows what to delete.
local function stream(k, top, tag, floor, ftag, bytes)
  top, floor = tonumber(top), tonumber(floor)
  return { key = k, top = top, tag = tag, floor = floor, ftag = ftag, bytes = tonumber(bytes), top0 = top, floor0 = floor, added = {} }
end

local function new_stream(k, attempt)
  local tag = tag_after('', attempt)
  local s = stream(k, 0, tag, 0, tag, 0)
  s.changed = true
  return s
end

local function entry(s, offset)
  return s.added[offset] or redis.call('HGET', s.key, 'o' .. int(offset))
end

local function tag_at(s, offset)
  if offset == s.top then return s.tag end
  if offset == s.floor then return s.ftag end
  return string.sub(entry(s, offset), 1, TAG)
end

-- Where a cursor lies: 'on' the stream as it is kept, 'before' what is kept, or 'off', never on this stream.
local function place(s, offset, tag)
  if offset > s.top then return 'off' end
  if offset < s.floor then return 'before' end
  return tag_at(s, offset) == tag and 'on' or 'off'
end

local function add(s, attempt, data)
  s.tag = tag_after(s.tag, attempt)
  s.top = s.top + 1
  s.bytes = s.bytes + #data
  s.added[s.top] = s.tag .. data
  s.changed = true
end

local function let_go(s, upto)
  if upto <= s.floor then return end
  if upto == s.top then
    s.bytes, s.ftag = 0, s.tag
  else
    local last
    for offset = s.floor + 1, upto do
      last = entry(s, offset)
      s.bytes = s.bytes - (#last - TAG)
    end
    s.ftag = string.sub(last, 1, TAG)
  end
  s.floor = upto
  s.changed = true
end

-- Writes a stream that was changed, with the other fields of its hash that did.
local function write_stream(s, fields)
  local gone = {}
  for offset = s.floor0 + 1, math.min(s.floor, s.top0) do gone[#gone + 1] = 'o' .. int(offset) end
  in_pieces('HDEL', s.key, gone)
  if s.changed then
    for _, v in ipairs({ 'top', int(s.top), 'tag', s.tag, 'floor', int(s.floor), 'ftag', s.ftag, 'ob', int(s.bytes) }) do
      fields[#fields + 1] = v
    end
    for offset = math.max(s.floor, s.top0) + 1, s.top do
      fields[#fields + 1] = 'o' .. int(offset)
      fields[#fields + 1] = s.added[offset]
    end
  end
  in_pieces('HSET', s.key, fields)
end

-- Entries after an offset, each its tag and its data, max at most.
local function entries(s, after, max)
  local fields = {}
  for offset = after + 1, math.min(after + max, s.top) do fields[#fields + 1] = 'o' .. int(offset) end
  local found = {}
  for i = 1, #fields, PIECE do
    local some = redis.call('HMGET', s.key, unpack(fields, i, math.min(i + PIECE - 1, #fields)))
    for _, e in ipairs(some) do found[#found + 1] = e end
  end
  return found
end

-- A socket's record. st is 'open'; 'closing': ended, its goodbye has not run; 'closed': only the tombstone is left.
local function read_socket(k)
  local f = redis.call('HMGET', k, 'st', 'in', 'code', 'why', 'exp', 'top', 'tag', 'floor', 'ftag', 'ob', 'g', 'at', 'h', 'u', 'ss', 'tok')
  if not f[1] then return nil end
  if f[1] == 'closed' then
    if tonumber(f[5]) <= now then return nil end
    return { key = k, st = f[1], number = tonumber(f[2]), code = f[3], why = f[4] }
  end
  local s = stream(k, f[6], f[7], f[8], f[9], f[10])
  s.st, s.number, s.code, s.why = f[1], tonumber(f[2]), f[3], f[4]
  s.attach, s.at, s.secret, s.user, s.session, s.token = tonumber(f[11]), f[12], f[13], f[14], f[15], f[16]
  return s
end

-- What is known of a socket, as parseSocket reads it.
local function socket_reply(s)
  if not s then return false end
  local known = { name(s.key), int(s.number), s.st == 'open' and '' or 'ended', s.code or '0', s.why or '' }
  if s.st ~= 'closed' then
    for i, v in ipairs({ cursor(s.top, s.tag), int(s.attach), s.secret, s.user, s.session }) do known[5 + i] = v end
  end
  return known
end

-- The fields of a socket's hash that begin with a letter, without it: 'b' topics subscribed to, 'q' items that belong to it.
local function fields_with(k, letter)
  local found = {}
  for _, f in ipairs(redis.call('HKEYS', k)) do
    if string.sub(f, 1, 1) == letter then found[#found + 1] = string.sub(f, 2) end
  end
  return found
end

-- Subscriptions of a socket: topic, '<id>,<cursor>', and so on.
local function subscriptions(k)
  local found = {}
  for _, topic in ipairs(fields_with(k, 'b')) do
    found[#found + 1] = topic
    found[#found + 1] = redis.call('HGET', k, 'b' .. topic)
  end
  return found
end

local function read_item(k)
  local f = redis.call('HMGET', k, 'data', 'sock', 'gone', 'tries', 'tok')
  if not f[1] then return nil end
  return { key = k, data = f[1], owner = f[2], gone = f[3] == '1', tries = tonumber(f[4]), token = f[5] }
end

-- An item, as parseItem reads it.
local function item_reply(i)
  return { name(i.key), i.owner or '', i.data, i.gone and '1' or '', int(i.tries) }
end

local function read_topic(k)
  local f = redis.call('HMGET', k, 'top', 'tag', 'floor', 'ftag', 'ob', 'id', 'ttl', 'exp')
  if not f[1] or tonumber(f[8]) <= now then return nil end
  local t = stream(k, f[1], f[2], f[3], f[4], f[5])
  t.id, t.ttl = f[6], tonumber(f[7])
  return t
end

-- The agenda: what is due when, by member (KEYS[1] of most scripts), and since when nobody looked (KEYS[2]).
local due, meta = KEYS[1], KEYS[2]
local GRACE = 10 * 1000
local grace, claimed, topic_ids

local function read_agenda()
  redis.call('ZCARD', due)
  local f = redis.call('HMGET', meta, 'grace', 'claimed', 'topics')
  grace, claimed, topic_ids = tonumber(f[1] or 0), tonumber(f[2] or 0), tonumber(f[3] or 0)
end

-- Milliseconds until something can be claimed; -1: nothing is known to be due.
local function next_due()
  local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
  if not first[1] then return '-1' end
  local at = tonumber(first[2])
  if now - grace < GRACE then at = math.max(at, grace + GRACE) end
  return int(math.max(0, at - now))
end

-- Notices. Their form is known to notice.go. They are hints: that one cannot be sent (a user who may not publish) must not make
-- a script fail that has written.
local function notify(channel, kind, ...)
  redis.pcall('PUBLISH', prefix .. channel, table.concat({ kind, ... }, '\n'))
end
