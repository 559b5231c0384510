/**
 * `npm run bench:checks`: what the checks cost the relay. Two servers, each a process of its own,
 * one with tokens and every limit on, one with all of them off; rounds of the same load, in turns.
 * Prints processor time of the server per relayed message, and the ratio.
 */

import { SignJWT } from "jose";
import { WebSocket } from "ws";
import { MeasuredServer } from "../../support/measured.ts";

const PAIRS = 50;
const ROUNDS = 24;
const MESSAGES_PER_PAIR = 400;
/** Messages of a pair under way at a time. */
const WINDOW = 20;
const SECRET = "a secret for measuring, of 32 bytes or more";

/** Limits that are never reached cost as much as those that nearly are. */
const ON = {
  AUTH_SECRET: SECRET,
  EVENTS_PER_SECOND: "100000",
  EVENT_BURST: "1000000",
  MAX_CONNECTIONS_PER_ADDRESS: "1000",
};
const OFF = {
  EVENTS_PER_SECOND: "0",
  MAX_CONNECTIONS: "0",
  MAX_CONNECTIONS_PER_ADDRESS: "0",
  MAX_QUEUED_MESSAGES: "0",
  MAX_QUEUED_BYTES: "0",
};

/** Connects and joins by hand; a client library's own costs would be the machine's, and noise. */
async function join(url: string, room: string, token: string) {
  const ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  const heard = (sign: string) =>
    new Promise<string>((resolve) => {
      const listen = (data: unknown) => {
        if (!String(data).startsWith(sign)) return;
        ws.off("message", listen);
        resolve(String(data));
      };
      ws.on("message", listen);
    });
  await heard("0");
  ws.on("message", (data) => String(data) === "2" && ws.send("3"));
  const connected = heard("40");
  ws.send(`40${JSON.stringify({ token })}`);
  await connected;
  const joined = heard("430");
  ws.send(`420${JSON.stringify(["join", { room }])}`);
  const { self } = JSON.parse((await joined).slice(3))[0];
  return { ws, id: String(self.id) };
}

async function createLoad(url: string, token: string) {
  const pairs = await Promise.all(
    Array.from({ length: PAIRS }, async (_, n) => {
      const [from, to] = [await join(url, `pair-${n}`, token), await join(url, `pair-${n}`, token)];
      const candidate = "candidate:842163049 1 udp 1677729535 192.0.2.1 54321 typ srflx";
      return {
        from,
        to,
        frame: `42${JSON.stringify(["candidate", { candidate }, { to: to.id }])}`,
      };
    }),
  );
  /** Sends a round and resolves when all of it has arrived. */
  return () =>
    Promise.all(
      pairs.map(
        ({ from, to, frame }) =>
          new Promise<void>((resolve) => {
            let sent = 0;
            let arrived = 0;
            const send = () => {
              sent++;
              from.ws.send(frame);
            };
            const listen = (data: unknown) => {
              if (!String(data).startsWith('42["getCandidate"')) return;
              if (sent < MESSAGES_PER_PAIR) send();
              if (++arrived < MESSAGES_PER_PAIR) return;
              to.ws.off("message", listen);
              resolve();
            };
            to.ws.on("message", listen);
            for (let n = 0; n < WINDOW; n++) send();
          }),
      ),
    );
}

async function createSide(env: Record<string, string>, token: string) {
  const server = await MeasuredServer.start(env);
  const runLoad = await createLoad(server.url, token);
  return {
    stop: () => server.stop(),
    /** Microseconds of the server's processor time for one message. */
    round: async () => {
      const before = await server.measure("as it is");
      await runLoad();
      const after = await server.measure("as it is");
      return (after.cpuMicros - before.cpuMicros) / (PAIRS * MESSAGES_PER_PAIR);
    },
  };
}

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

const token = await new SignJWT({ room: "*" })
  .setProtectedHeader({ alg: "HS256" })
  .setSubject("bench")
  .setExpirationTime("1h")
  .sign(Buffer.from(SECRET));
const on = await createSide(ON, token);
const off = await createSide(OFF, "");
for (let n = 0; n < 3; n++) await Promise.all([on.round(), off.round()]);

const costs: { on: number[]; off: number[] } = { on: [], off: [] };
for (let n = 0; n < ROUNDS; n++) {
  // Either goes first as often, so that neither has the quieter half of the time.
  const order = n % 2 === 0 ? (["on", "off"] as const) : (["off", "on"] as const);
  for (const side of order) costs[side].push(await (side === "on" ? on : off).round());
}
const ratios = costs.on.map((cost, n) => cost / (costs.off[n] ?? Number.NaN));
console.log(
  `checks on:  ${median(costs.on).toFixed(1)} µs of the server's CPU per relayed message`,
);
console.log(`checks off: ${median(costs.off).toFixed(1)} µs`);
console.log(`ratio ${median(ratios).toFixed(3)} (median of ${ROUNDS} pairs of rounds)`);
await Promise.all([on.stop(), off.stop()]);
process.exit(0);
