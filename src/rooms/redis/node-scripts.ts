/** The Lua scripts that change no single seat; see scripts.ts. */

/** How many seats a script evicts at most, so that it doesn't hold up others. */
const EVICTED_AT_ONCE = 200;

/** Renews the lease. Returns the time, when the node was last heard of, and the same of all nodes. */
export const RENEW = `
local before = redis.call('ZSCORE', ns .. 'leases', me)
if not late then
  redis.call('ZADD', ns .. 'leases', now, me)
  for _, key in ipairs({ 'leases', 'inbox:' .. me, 'seats:' .. me .. ':p', 'seats:' .. me .. ':r', 'order' }) do
    redis.call('PEXPIRE', ns .. key, TTL)
  end
end
return { tostring(now), before or '', redis.call('ZRANGE', ns .. 'leases', 0, -1, 'WITHSCORES') }
`;

/**
 * Removes some seats of a kind from a node that was last heard of at a time. Returns how many are left; -1 if it was
 * heard of meanwhile. ARGV: node, kind, time
 */
export const EVICT = `
local node, kind, heard = ARGV[4], ARGV[5], ARGV[6]
local score = redis.call('ZSCORE', ns .. 'leases', node)
if late or not score or tonumber(score) ~= tonumber(heard) then return -1 end
local index = ns .. 'seats:' .. node .. ':' .. kind
local seats = redis.call('HRANDFIELD', index, ${EVICTED_AT_ONCE}, 'WITHVALUES')
for i = 1, #seats, 2 do
  local id, room = seats[i], seats[i + 1]
  local seat = read(room, id)
  if seat and seat.node == node then
    vacate(room, id, seat)
    tell(nodesOf(room), node, 't', 'left', 'r', room, 'i', id, 'n', node)
    put(node, 't', 'left', 'r', room, 'i', id, 'n', node)
  end
  redis.call('HDEL', index, id)
end
return redis.call('HLEN', index)
`;

/** Forgets a node that has no seats any more. Its inbox stays a little: others may still write there. ARGV: node, time */
export const FORGET = `
local score = redis.call('ZSCORE', ns .. 'leases', ARGV[4])
if late or not score or tonumber(score) ~= tonumber(ARGV[5]) then return 0 end
redis.call('PEXPIRE', ns .. 'inbox:' .. ARGV[4], 60000)
return redis.call('ZREM', ns .. 'leases', ARGV[4])
`;

/** Ends the lease of this node, so that others take it for gone at once. Returns the time. ARGV: lease in ms */
export const RETIRE = `
redis.call('ZADD', ns .. 'leases', now - ARGV[4], me)
return tostring(now - ARGV[4])
`;

/** Finds the seat of a peer on any node: its room and its text; nothing if there is none. ARGV: id */
export const FIND = `
for _, node in ipairs(redis.call('ZRANGE', ns .. 'leases', 0, -1)) do
  for _, kind in ipairs({ 'p', 'r' }) do
    local room = redis.call('HGET', ns .. 'seats:' .. node .. ':' .. kind, ARGV[4])
    local seat = room and read(room, ARGV[4])
    if seat then return { room, textOf(seat) } end
  end
end
return {}
`;

/** Lists the rooms of all nodes, each once for every peer. */
export const LIST = `
local rooms = {}
for _, node in ipairs(redis.call('ZRANGE', ns .. 'leases', 0, -1)) do
  for _, kind in ipairs({ 'p', 'r' }) do
    for _, room in ipairs(redis.call('HVALS', ns .. 'seats:' .. node .. ':' .. kind)) do
      rooms[#rooms + 1] = room
    end
  end
end
return rooms
`;

/** Keeps the keys of rooms from expiring. ARGV: rooms */
export const TOUCH = `
for i = 4, #ARGV do
  redis.call('PEXPIRE', ns .. 'room:' .. ARGV[i], TTL)
  redis.call('PEXPIRE', ns .. 'nodes:' .. ARGV[i], TTL)
end
return 'ok'
`;

/** Puts all members of a room into the node's own inbox. ARGV: room, request */
export const SYNC = `
if late then return 'late' end
put(me, 't', 'room', 'r', ARGV[4], 'q', ARGV[5], 'a', snapshot(ARGV[4]))
return 'ok'
`;
