-- message: a turn that does nothing but add to the stream of the socket whose message it handles, as a call with its answer does. Most turns by far are such; they end
-- here, before anything is made that the others need. See commit.lua, which goes on from here.

local until_due = next_due()
local attempt, from, max_entries, max_bytes = take(), take(), number(), number()
local notices = {} -- in order

-- Adds an entry to an open socket's stream and returns its place. A stream that is full is let go first. Whom the turn comes from knows of it, unless it is for all.
local function append(s, data, for_all)
  if s.top > s.floor and (s.top - s.floor >= max_entries or s.bytes + #data > max_bytes) then
    let_go(s, s.top)
    s.cut = '!'
  end
  local before, at = add(s, attempt, data)
  if s.at ~= '' and (for_all or s.at ~= from) then
    local fits = #data <= NOTICE
    notices[#notices + 1] = { 'I:' .. s.at, fits and 'a' or 'A', name(s.key), before, at, fits and data or '' }
  end
  return at
end

-- Why a socket's message is not to be applied; nil: it is.
local function refusal(s, n)
  if n == 0 then return s and 'repeated' or nil end
  if not s then return 'gone' end
  if n <= s.number then return 'repeated' end
  if s.st ~= 'open' then return 'gone' end
  if n > s.number + 1 then return 'gap' end
end

-- Lets go of what a message acknowledges. Returns whether its socket has left too much unacknowledged for a turn of its own.
local function acknowledge(s, offset, tag)
  if place(s, offset, tag) == 'on' then let_go(s, offset) end
  return s.top - s.floor > max_entries / 2 or s.bytes > max_bytes / 2
end

-- The answer. what: the places of entries, or what guarded topics hold, or of what there is one too many.
local function answer(status, s, what)
  local top = s and s.st ~= 'closed' and (s.last or s.top .. '.' .. s.tag) or ''
  local reply = { status, s and s.number or 0, top, until_due }
  if what then
    for i = 1, #what do reply[4 + i] = what[i] end
  end
  return reply
end

local cause = take()
if cause == 'own' then
  local k, text, offset, tag = key(), take(), number(), take()
  local n, s, places = tonumber(text), read_socket(k), {}
  local refused = refusal(s, n) or acknowledge(s, offset, tag) and 'full'
  if refused then return answer(refused, s) end
  s.number = n
  for effect = 1, number() do places[effect] = append(s, take()) end
  write_stream(s, { 'in', text })
  for i = 1, #notices do notify(unpack(notices[i])) end
  return answer('applied', s, places)
end

