-- What all scripts have in common. It stands before each of them.
--
-- Lua makes a function each time that a script comes past it, and Redis writes a number that is given to a command with all its digits: both take longer than most
-- of what scripts do. So what few need stands in records.lua, and constants for commands are texts.
--
-- KEYS: 1 the deadlines, 2 meta, 3 the errands, 4 the rolls, then what a script says. ARGV: 1 what to add to the clock, in milliseconds (0 but in tests), 2 what the
-- names of keys and channels begin with, 3 the command that sends notices, then what a script takes, one after the other.
--
-- The rule of all scripts: read everything and decide, then write, then publish. A script that fails keeps what it
-- wrote, so nothing may fail after the first write: every key that is written was read before, as the type that it
-- has to be. What is left can be refused at the first write only (no memory, read-only); Redis sees to that.
--
-- In a cluster a cell may be on its way from one node to another. The former node then refuses keys that do not exist, also to a script that has
-- just deleted them: so no key is deleted before it is written, and none that may be is read afterwards. The new node takes keys that have not come yet for keys
-- that do not exist; but only those that are not in KEYS, see absent.
--
-- Numbers that are written are offsets, sizes and milliseconds. They stay below 1e14, up to where every server's Lua writes them
-- as they are. Numbers that clients make up are kept as the text that came.

-- No `x = y and f(x)` for a local x that has a value: miniredis's Lua leaves x as it is when y is false.

local call = redis.call
local due, meta, errands, rolls, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[2]
local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000) + ARGV[1]

local GARBAGE = 7 * 24 * 60 * 60 * 1000 -- what is due and never claimed is let go so long after
local TOMBSTONE = 24 * 60 * 60 * 1000   -- how long an ended socket's last number can be asked for
local NOTICE = 8 * 1024                 -- an entry larger than this is noticed without its data
local TAG = 5                           -- length of a tag; an entry is kept as its tag followed by its data

local taken = 3
local function take() taken = taken + 1; return ARGV[taken] end
local function number() taken = taken + 1; return tonumber(ARGV[taken]) end
local function key() taken = taken + 1; return KEYS[tonumber(ARGV[taken])] end -- named by its place in KEYS

local function tag_after(tag, attempt) return string.sub(redis.sha1hex(tag .. attempt), 1, TAG) end

-- Keys end with 's:' and a socket, 't:' and a topic, 'i:' and an item. The deadlines' and errands' members are such ends.
local function member(k) return string.sub(k, #prefix + 1) end
local function name(k) return string.sub(k, #prefix + 3) end

-- A command with any number of arguments, in pieces that fit on the stack; an even number, for HSET.
local PIECE = 1000
local function in_pieces(command, k, list)
  for i = 1, #list, PIECE do
    call(command, k, unpack(list, i, math.min(i + PIECE - 1, #list)))
  end
end

-- A record that lacks something, or in which something that has to be a number is none, is no record: whoever damaged it, what it was about is lost, and
-- said to be. Otherwise a script would fail on it, perhaps by halves, and each time, also for all else that it is asked for.
local function count(text)
  local n = tonumber(text)
  return n and n >= 0 and n < 1e14 and n or nil
end

-- A stream is a table: offsets top and floor with their tags, bytes of data kept, and the entries that this script adds. What was
-- there before is kept in top0 and floor0, so that write_stream knows what to delete. Its hash has all of that in one field, for a field costs
-- time and memory: '<top>.<tag>,<floor>.<ftag>,<bytes>', and cut: '!' if nobody had acknowledged what was let go last.
local HEAD, HEAD_PARTS = 'c', '^(%d+)%.(%x+),(%d+)%.(%x+),(%d+)(!?)$'
local function stream(k, head)
  local top, tag, floor, ftag, bytes, cut = string.match(head or '', HEAD_PARTS)
  top, floor, bytes = count(top), count(floor), count(bytes)
  if not (top and floor and bytes) then return nil end
  return { key = k, top = top, tag = tag, floor = floor, ftag = ftag, bytes = bytes, cut = cut, top0 = top, floor0 = floor, added = {} }
end

local function entry(s, offset) return s.added[offset] or call('HGET', s.key, 'o' .. offset) end

local function tag_at(s, offset)
  if offset == s.top then return s.tag end
  if offset == s.floor then return s.ftag end
  return string.sub(entry(s, offset) or '', 1, TAG)
end

-- Where a cursor lies: 'on' the stream as it is kept, 'before' what is kept, or 'off', never on this stream.
local function place(s, offset, tag)
  if offset > s.top then return 'off' end
  if offset < s.floor then return 'before' end
  return tag_at(s, offset) == tag and 'on' or 'off'
end

-- Adds an entry; returns the tag before it and its cursor, which is kept in last.
local function add(s, attempt, data)
  local before = s.tag
  local tag, top = tag_after(before, attempt), s.top + 1
  s.tag, s.top, s.bytes, s.changed = tag, top, s.bytes + #data, true
  s.added[top], s.last = tag .. data, top .. '.' .. tag
  return before, s.last
end

local function let_go(s, upto)
  if upto <= s.floor then return end
  if upto == s.top then
    s.bytes, s.ftag = 0, s.tag
  else
    local last
    for offset = s.floor + 1, upto do
      last = entry(s, offset) or s.ftag
      s.bytes = math.max(0, s.bytes - math.max(0, #last - TAG))
    end
    s.ftag = string.sub(last, 1, TAG)
  end
  s.floor, s.cut, s.changed = upto, '', true
end

-- Writes a stream that was changed, together with more fields of its hash.
local function write_stream(s, fields)
  local floor, top, top0 = s.floor, s.top, s.top0
  local gone, n = {}, 0
  for offset = s.floor0 + 1, math.min(floor, top0) do
    n = n + 1
    gone[n] = 'o' .. offset
  end
  if n > 0 then in_pieces('HDEL', s.key, gone) end
  n = #fields
  if s.changed then
    fields[n + 1], fields[n + 2] = HEAD, string.format('%d.%s,%d.%s,%d%s', top, s.tag, floor, s.ftag, s.bytes, s.cut)
    n = n + 2
    for offset = math.max(floor, top0) + 1, top do
      fields[n + 1], fields[n + 2] = 'o' .. offset, s.added[offset]
      n = n + 2
    end
  end
  if n > 0 then in_pieces('HSET', s.key, fields) end
end

-- A socket's record. st is 'open'; 'closing': ended, its goodbye has not run; 'closed': only the tombstone is left. whole: with who the socket is, which
-- is left out where nobody asks, for a user can be large.
local function read_socket(k, whole)
  local f
  if whole then
    f = call('HMGET', k, 'st', 'in', HEAD, 'g', 'at', 'h', 'u', 'ss')
    if f[1] ~= 'closed' and not (f[6] and f[7] and f[8]) then return nil end
  else
    f = call('HMGET', k, 'st', 'in', HEAD, 'g', 'at')
  end
  local st, number = f[1], count(f[2])
  if not (st and number) then return nil end
  local ending = st ~= 'open' and call('HMGET', k, 'code', 'why', 'tok', 'exp')
  if ending and not (count(ending[1]) and ending[2]) then return nil end
  if st == 'closed' then
    local expires = count(ending[4])
    if not expires or expires <= now then return nil end
    return { key = k, st = st, number = number, code = ending[1], why = ending[2] }
  end
  local s = stream(k, f[3])
  if not (s and f[5] and string.find(f[4] or '', '^%d+$')) then return nil end
  s.st, s.number, s.attach, s.at = st, number, f[4], f[5]
  if whole then s.secret, s.user, s.session = f[6], f[7], f[8] end
  if ending then s.code, s.why, s.token = ending[1], ending[2], ending[3] end
  return s
end

-- Deadlines are open sockets by the time at which they end if they are not kept; errands, items and ended sockets by the time at which they are due.
-- Before everything else among the deadlines stands, once there was one, the last time of grace: a member with its end, made negative.
local GRACE = 'grace'

-- The time at which something can be claimed; nil: nothing is known to be due. read is redis.pcall once something was written.
local function first_due(read)
  local errand = read('ZRANGE', errands, '0', '0', 'WITHSCORES')[2]
  local first = read('ZRANGE', due, '0', '1', 'WITHSCORES')
  local at = first[2]
  if first[1] == GRACE then
    at = nil
    if first[4] then at = math.max(-first[2], first[4]) end
  end
  if errand and (not at or tonumber(errand) < tonumber(at)) then at = errand end
  return tonumber(at)
end

-- Milliseconds until then, or -1, as meta has it: every script says it, and few change it.
local function next_due()
  local at = count(call('HGET', meta, 'next')) or first_due(call)
  return at and math.max(0, at - now) or -1
end

-- Is called when deadlines or errands were written. Returns what next_due returns from now on.
local function reschedule()
  local at = first_due(redis.pcall)
  redis.pcall('HSET', meta, 'next', at or '')
  return at and math.max(0, at - now) or -1
end

-- Notices. Their form is known to notice.go. They are hints: that one cannot be sent (by a user who may not publish) must not make
-- a script fail that has written.
local function notify(channel, ...)
  redis.pcall(ARGV[3], prefix .. channel, table.concat({ ... }, '\n'))
end
