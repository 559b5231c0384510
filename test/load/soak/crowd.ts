/** Peers that come, call whoever is in their room, and go, in all the ways there are to go. */

import { io, type Socket } from "socket.io-client";
import type { Peer } from "../../../src/protocol/messages.ts";
import type { Random } from "../../support/random.ts";

/** How long somebody stays in a room. */
const STAY_MS = { min: 4_000, more: 16_000 };
const PEERS_PER_ROOM = 5;
const CANDIDATES = 8;
/** About as long as one of Chromium's for audio and video. */
const SDP = "a=line of a session description\r\n".repeat(200);

/** Lets `count` peers in; `leave` sends them all away and gives the number of calls they made. */
export function createCrowd(url: string, count: number, random: Random) {
  const rooms = Array.from({ length: Math.ceil(count / PEERS_PER_ROOM) }, (_, n) => `room-${n}`);
  const wakeUps = new Set<() => void>();
  let isOver = false;
  let calls = 0;

  /** Waits, but no longer than the crowd stays. */
  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const wakeUp = () => {
        clearTimeout(timer);
        wakeUps.delete(wakeUp);
        resolve();
      };
      const timer = setTimeout(wakeUp, isOver ? 0 : ms);
      wakeUps.add(wakeUp);
    });

  function call(socket: Socket, peer: Peer): void {
    calls++;
    const to = { to: peer.id };
    socket.emit("offer", { type: "offer", sdp: SDP }, to);
    for (let n = 0; n < CANDIDATES; n++) socket.emit("candidate", { candidate: `${n}` }, to);
  }

  async function live(): Promise<void> {
    await wait(random.next() * STAY_MS.more);
    while (!isOver) {
      const transports = random.chance(0.8) ? ["websocket"] : ["polling", "websocket"];
      const socket = io(url, { transports, forceNew: true, reconnection: false });
      socket.on("room_users", (users: Peer[]) => {
        for (const user of users) call(socket, user);
      });
      socket.on("getOffer", (_offer: unknown, { from }: { from: string }) => {
        socket.emit("answer", { type: "answer", sdp: SDP }, { to: from });
      });
      // A refusal of the machine's, when it is busy: once more.
      socket.on("connect_error", () => socket.disconnect());
      for (let moves = 1 + random.upTo(2); moves > 0 && !isOver; moves--) {
        socket.emit("join", { room: random.pick(rooms), name: "peer" });
        await wait(STAY_MS.min + random.next() * STAY_MS.more);
        if (random.chance(0.3)) socket.emit("leave");
      }
      if (random.chance(0.5)) socket.disconnect();
      else socket.io.engine.close();
      socket.removeAllListeners();
    }
  }

  const lives = Array.from({ length: count }, live);
  return {
    leave: async () => {
      isOver = true;
      for (const wakeUp of [...wakeUps]) wakeUp();
      await Promise.all(lives);
      return calls;
    },
  };
}
