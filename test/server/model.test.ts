/**
 * Random sequences of joins, moves, leaves, disconnects and reconnects over real sockets, held
 * against a model of a few lines. fast-check prints the seed and the shortest sequence that fails.
 */

import { once } from "node:events";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Peer } from "../../src/protocol/messages.ts";
import type { RoomRegistry } from "../../src/rooms/registry.ts";
import type { TestClient } from "../support/client.ts";
import { seededRandom } from "../support/random.ts";
import { startServer, type TestServer, UNLIMITED } from "../support/server.ts";
import { SlowRooms } from "../support/slow-rooms.ts";

const CLIENTS = 6;
const CAPACITY = 3;
const ROOMS = ["red", "green", "__proto__"];

type Step =
  | { do: "join"; who: number; room: string; name: string }
  | { do: "leave" | "disconnect" | "reconnect"; who: number };

const who = fc.nat({ max: CLIENTS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      who,
      // Few rooms and seats, so that rejoining, moving and full rooms are frequent.
      room: fc.constantFrom(...ROOMS),
      name: fc.constantFrom("", "Ada", "Bob"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("leave", "disconnect", "reconnect"), who }),
  },
);

/** What the protocol says must happen, in the fewest words. */
class Model {
  readonly rooms = new Map<string, Peer[]>();

  join(peer: Peer, room: string): "ok" | "room_full" {
    const seats = this.rooms.get(room) ?? [];
    const seated = seats.find(({ id }) => id === peer.id);
    if (seated) {
      seated.name = peer.name;
    } else {
      if (seats.length >= CAPACITY) return "room_full";
      this.leave(peer.id);
      this.rooms.set(room, [...seats, peer]);
    }
    return "ok";
  }

  leave(id: string): void {
    for (const [room, seats] of this.rooms) {
      const left = seats.filter((peer) => peer.id !== id);
      if (left.length > 0) this.rooms.set(room, left);
      else this.rooms.delete(room);
    }
  }

  roomOf(id: string): Peer[] | undefined {
    return [...this.rooms.values()].find((seats) => seats.some((peer) => peer.id === id));
  }
}

async function perform(server: TestServer, clients: TestClient[], model: Model, action: Step) {
  const client = clients[action.who];
  if (!client) throw new Error("unreachable");
  const { socket } = client;
  if (action.do === "reconnect") {
    if (!socket.connected) await client.connect();
    return;
  }
  if (!socket.connected) return;
  if (action.do === "join") {
    const expected = model.join({ id: client.id, name: action.name }, action.room);
    const ack = await client.join(action.room, action.name);
    expect(ack.ok ? "ok" : ack.error.code).toBe(expected);
    // Others keep the name they were told first: nobody hears of a rename (J2).
    if (ack.ok) expect(ack.users).toEqual(others(model.roomOf(client.id), client.id));
  } else if (action.do === "leave") {
    model.leave(client.id);
    await client.leave();
  } else {
    model.leave(client.id);
    const seat = server.io.sockets.sockets.get(client.id);
    if (!seat) throw new Error("the server doesn't know a connected client");
    const gone = once(seat, "disconnect");
    socket.disconnect();
    await gone;
  }
}

const others = (seats: Peer[] | undefined, id: string) => seats?.filter((peer) => peer.id !== id);
const ids = (peers: Iterable<Peer> | undefined) => peers && [...peers].map((peer) => peer.id);

/** Both maps are each other's inverse, no room is empty or over-full. */
function checkMaps({ maps: { rooms, socketToRoom } }: TestServer): void {
  const inverse = [...rooms].flatMap(([room, seats]) => [...seats.keys()].map((id) => [id, room]));
  expect(new Map(socketToRoom)).toEqual(new Map(inverse as [string, string][]));
  for (const seats of rooms.values()) {
    expect(seats.size).toBeGreaterThan(0);
    expect(seats.size).toBeLessThanOrEqual(CAPACITY);
  }
}

/** Every client has been told exactly who is with it in its room, in the order they came. */
async function checkViews(server: TestServer, clients: TestClient[]): Promise<void> {
  const connected = clients.filter(({ socket }) => socket.connected);
  await Promise.all(connected.map((client) => client.settled()));
  for (const client of connected) {
    const room = server.maps.socketToRoom.get(client.id);
    const seats = room === undefined ? undefined : server.maps.rooms.get(room)?.values();
    expect(ids(client.view)).toEqual(ids(others(seats && [...seats], client.id)));
  }
}

async function setUp(wrapRooms = (rooms: RoomRegistry) => rooms) {
  const env = { ...UNLIMITED, MAX_PEERS_PER_ROOM: String(CAPACITY) };
  const server = await startServer(env, { wrapRooms });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => server.connect()));
  /** Everyone out, those who are gone back in: the next sequence starts afresh. */
  const reset = async () => {
    for (const client of clients) {
      if (client.socket.connected) await client.leave();
      else await client.connect();
    }
    expect(server.maps.rooms.size + server.maps.socketToRoom.size).toBe(0);
  };
  return { server, clients, reset };
}

test("1,000 random sequences, one step at a time: server, clients and model agree", {
  timeout: 240_000,
}, async () => {
  const { server, clients, reset } = await setUp();
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 1, maxLength: 16 }), async (steps) => {
        const model = new Model();
        for (const action of steps) {
          await perform(server, clients, model, action);
          expect(
            [...server.maps.rooms].map(([room, seats]) => [room, [...seats.values()]]),
          ).toEqual(expect.arrayContaining([...model.rooms]));
          expect(server.maps.rooms.size).toBe(model.rooms.size);
          checkMaps(server);
          await checkViews(server, clients);
        }
      })
      .afterEach(reset),
    { numRuns: 1_000 },
  );
});

test("300 random sequences, all steps at once, on a slow registry: maps and views still agree", {
  timeout: 240_000,
}, async () => {
  const random = seededRandom();
  let idle = async () => {};
  const { server, clients, reset } = await setUp((rooms) => {
    const slow = new SlowRooms(rooms, random);
    idle = () => slow.idle();
    return slow;
  });
  await fc.assert(
    fc
      .asyncProperty(fc.array(step, { minLength: 2, maxLength: 24 }), async (steps) => {
        await Promise.all(steps.map((action) => attempt(server, clients, action)));
        await idle();
        checkMaps(server);
        await checkViews(server, clients);
      })
      .afterEach(reset),
    { numRuns: 300 },
  );
});

/** Does a step whatever else is under way; resolves when it is answered or the client is gone. */
async function attempt(server: TestServer, clients: TestClient[], action: Step): Promise<void> {
  const client = clients[action.who];
  if (!client?.socket.connected) return;
  const gone = client.disconnected();
  if (action.do === "join") await Promise.race([gone, client.join(action.room, action.name)]);
  if (action.do === "leave") await Promise.race([gone, client.leave()]);
  if (action.do === "disconnect") {
    const seat = server.io.sockets.sockets.get(client.id);
    const left = seat && once(seat, "disconnect");
    client.socket.disconnect();
    await left;
  }
}
