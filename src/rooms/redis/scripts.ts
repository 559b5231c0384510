/**
 * The Lua scripts that change seats in Redis: each is one atomic step, and tells the nodes with members in the room
 * by their inboxes in the same step.
 *
 * Keys, all below the prefix and the run id of the Redis process:
 *
 *     room:<room>         hash: peer id → seat, as "node order tickets kind member"
 *     nodes:<room>        hash: node → how many seats of the room it has
 *     seats:<node>:<kind> hash: peer id → room; kind is "p" for plain peers and "r" for those that can resume
 *     leases              sorted set: node → when it was last heard of, in milliseconds of Redis
 *     inbox:<node>        stream: what the node is told
 *     closed:<room>       exists while the room is closed
 *     order               counter of joins
 *
 * ARGV of each: the keys' prefix, the deadline in milliseconds of Redis, the node, then its own arguments. A script that
 * runs after its deadline changes nothing: its caller has given up. Needs Redis 6.2.
 */

import { EVICT, FIND, FORGET, LIST, RENEW, RETIRE, SYNC, TOUCH } from "./node-scripts.ts";

/** How long a key lives that nobody touches. */
export const KEY_TTL_MS = 3_600_000;
/** About how many entries an inbox holds at most. A node that lags behind by more has lost some. */
export const MAX_INBOX = 100_000;

/** What all scripts begin with. */
const COMMON = `
local ns, deadline, me = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local late = now > deadline
local TTL = ${KEY_TTL_MS}

local function put(node, ...)
  local key = ns .. 'inbox:' .. node
  redis.call('XADD', key, 'MAXLEN', '~', ${MAX_INBOX}, '*', ...)
  redis.call('PEXPIRE', key, TTL)
end
local function tell(nodes, except, ...)
  for _, node in ipairs(nodes) do
    if node ~= except and node ~= '' then put(node, ...) end
  end
end
local function nodesOf(room) return redis.call('HKEYS', ns .. 'nodes:' .. room) end
local function read(room, id)
  local text = redis.call('HGET', ns .. 'room:' .. room, id)
  if not text then return nil end
  local node, order, tickets, kind, member = string.match(text, '^(%S+) (%S+) (%S+) (%S+) (.*)$')
  return { node = node, order = order, tickets = tickets, kind = kind, member = member }
end
local function textOf(seat)
  return table.concat({ seat.node, seat.order, seat.tickets, seat.kind, seat.member }, ' ')
end
local function hset(key, field, value)
  redis.call('HSET', key, field, value)
  redis.call('PEXPIRE', key, TTL)
end
local function write(room, id, seat)
  local text = textOf(seat)
  hset(ns .. 'room:' .. room, id, text)
  return text
end
local function indexOf(seat) return ns .. 'seats:' .. seat.node .. ':' .. seat.kind end
local function count(room, node, delta)
  local key = ns .. 'nodes:' .. room
  if redis.call('HINCRBY', key, node, delta) <= 0 then redis.call('HDEL', key, node) end
  redis.call('PEXPIRE', key, TTL)
end
local function unindex(room, id, seat)
  redis.call('HDEL', indexOf(seat), id)
  count(room, seat.node, -1)
end
local function vacate(room, id, seat)
  redis.call('HDEL', ns .. 'room:' .. room, id)
  unindex(room, id, seat)
end
local function split(text)
  local parts = {}
  for part in string.gmatch(text, '[^,]+') do parts[#parts + 1] = part end
  return parts
end
local function snapshot(room)
  local all = redis.call('HGETALL', ns .. 'room:' .. room)
  return #all == 0 and '[]' or cjson.encode(all)
end
`;

/**
 * Takes a seat, or changes it. mode: "join"; "update" (of a seat of this node); "claim" (from another node);
 * "restore" (after Redis was restarted). Except for "restore", the outcome comes by the node's own inbox, behind
 * everything that happened before it; with all members, if the node had none in the room.
 *
 * ARGV: mode, room, id, kind, member, request, capacity, room before, tickets, nodes to tell
 */
const SEAT = `
local mode, room, id, kind, member = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local request, capacity, before, tickets = ARGV[9], tonumber(ARGV[10]), ARGV[11], ARGV[12]
if late then return 'late' end
local function refuse(code)
  put(me, 't', 'no', 'q', request, 'c', code)
  return code
end
local seat = read(room, id)
if mode == 'restore' and seat and seat.node ~= me then
  put(me, 't', 'seat', 'r', room, 'i', id, 's', textOf(seat))
  return 'ok'
end
if mode == 'join' then
  if redis.call('EXISTS', ns .. 'closed:' .. room) == 1 then return refuse('room_closed') end
  if not seat and redis.call('HLEN', ns .. 'room:' .. room) >= capacity then return refuse('room_full') end
elseif mode == 'update' then
  if not seat or seat.node ~= me then return refuse('not_in_room') end
  kind, tickets = seat.kind, seat.tickets
elseif mode == 'claim' then
  if not seat then return refuse('not_in_room') end
  local isValid = false
  for _, ticket in ipairs(split(seat.tickets)) do
    isValid = isValid or (ticket == tickets and ticket ~= '-')
  end
  if not isValid then return refuse(seat.node == me and 'seated_here' or 'resume_failed') end
  kind, member, tickets = seat.kind, seat.member, seat.tickets
end
if before ~= '' and before ~= room then
  local left = read(before, id)
  if left and left.node == me then
    vacate(before, id, left)
    tell(nodesOf(before), me, 't', 'left', 'r', before, 'i', id, 'n', me)
  end
end
local isFirst = redis.call('HEXISTS', ns .. 'nodes:' .. room, me) == 0
local others = isFirst and mode ~= 'restore' and snapshot(room) or ''
if seat then unindex(room, id, seat) end
local order = seat and seat.order or redis.call('INCR', ns .. 'order')
redis.call('PEXPIRE', ns .. 'order', TTL)
local taken = { node = me, order = order, tickets = tickets, kind = kind, member = member }
local text = write(room, id, taken)
hset(indexOf(taken), id, room)
count(room, me, 1)
local news = { 't', 'seat', 'r', room, 'i', id, 's', text }
local told = nodesOf(room)
for _, node in ipairs(split(ARGV[13])) do
  if redis.call('HEXISTS', ns .. 'nodes:' .. room, node) == 0 then told[#told + 1] = node end
end
if seat and seat.node ~= me and redis.call('HEXISTS', ns .. 'nodes:' .. room, seat.node) == 0 then
  told[#told + 1] = seat.node
end
tell(told, me, unpack(news))
if mode ~= 'restore' then put(me, 'q', request, 'a', others, unpack(news)) end
return 'ok'
`;

/** Gives a seat up. ARGV: room, id, nodes that are told if it is gone already, as after a restart of Redis. */
const LEAVE = `
local room, id = ARGV[4], ARGV[5]
if late then return 'late' end
local seat = read(room, id)
if seat and seat.node == me then
  vacate(room, id, seat)
  tell(nodesOf(room), me, 't', 'left', 'r', room, 'i', id, 'n', me)
elseif not seat then
  tell(split(ARGV[6]), me, 't', 'left', 'r', room, 'i', id, 'n', me)
end
return 'ok'
`;

/** Notes which tickets take the seat over. ARGV: room, id, tickets */
const TICKETS = `
if late then return 'late' end
local seat = read(ARGV[4], ARGV[5])
if seat and seat.node == me then
  seat.tickets = ARGV[6]
  write(ARGV[4], ARGV[5], seat)
end
return 'ok'
`;

const BODIES = {
  seat: SEAT,
  leave: LEAVE,
  tickets: TICKETS,
  sync: SYNC,
  renew: RENEW,
  evict: EVICT,
  forget: FORGET,
  retire: RETIRE,
  find: FIND,
  list: LIST,
  touch: TOUCH,
};

export type ScriptName = keyof typeof BODIES;

/** The scripts by name. */
export const SCRIPTS: readonly (readonly [name: string, text: string])[] = Object.entries(
  BODIES,
).map(([name, body]) => [name, COMMON + body]);
