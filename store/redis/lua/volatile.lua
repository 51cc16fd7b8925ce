-- volatile: passes data on to the connection that is attached to a socket, without keeping it. See Volatiler.
--
-- KEYS: 5 the socket.

local data = take()
local s = read_socket(KEYS[5])
if s and s.st == 'open' and s.at ~= '' then notify('I:' .. s.at, 'v', name(s.key), data) end
return {}
