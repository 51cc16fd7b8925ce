-- publish: a turn of the program's own that does nothing but publish what is no state, to a topic that there is. Most that is published is such; it ends here, before
-- anything is made that the others need. Its arguments are those that commit.lua takes, which goes on from here with a topic that there is not.

if cause == 'publish' then
  local mark, once, keep_once = taken, key(), number()
  local expires = call('GET', once)
  if expires and tonumber(expires) > now then return answer('repeated') end
  taken = taken + 6 -- what it acknowledges, whether it is a goodbye, its guards; how many effects, and which
  local k, data = key(), take()
  taken = taken + 2 -- its value
  local keep, keep_bytes, ttl, t = number(), number(), number(), read_topic(k)
  if t then
    local before, at = add(t, attempt, data)
    while t.top > t.floor + 1 and (t.top - t.floor > keep or t.bytes > keep_bytes) do let_go(t, t.floor + 1) end
    write_stream(t, { 'exp', now + ttl, 'ttl', ttl })
    call('PEXPIRE', k, ttl)
    call('SET', once, now + keep_once, 'PX', keep_once)
    local fits = #data <= NOTICE
    notify('T:' .. name(k), fits and 'a' or 'A', from, before, at, fits and data or '')
    return answer('applied', nil, { at })
  end
  cause, taken = 'key', mark
end

