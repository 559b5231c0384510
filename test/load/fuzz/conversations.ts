/** What clients say to the server: plain HTTP, polling, WebSocket, and the change from one to the other. */

import type { Random } from "../../support/random.ts";
import { FIN, frame, OPCODE, post, request, upgradeRequest } from "../../support/wire.ts";
import type { DoomedConnection } from "./doomed.ts";

type Open = () => DoomedConnection;
type Conversation = (open: Open, random: Random) => Promise<void>;

const POLLING = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";
const PATHS = ["/", "/app.js", "/client.js", "/socket.io/socket.io.js", "/health", "/nowhere"];

const text = (message: string) => frame(FIN | OPCODE.text, message);
const join = (random: Random) => `420["join",{"room":"doomed-${random.upTo(9)}"}]`;
const offer = (random: Random) =>
  `421["offer",{"type":"offer","sdp":"${"x".repeat(random.upTo(9_000))}"}]`;

function anyRequest(random: Random, sid = ""): string {
  return random.pick([
    () => request(random.pick(PATHS)),
    () => request(random.pick(PATHS), { method: random.pick(["HEAD", "OPTIONS", "CONNECT"]) }),
    () => request("/health", { headers: "Expect: 100-continue\r\n" }),
    () => request(POLLING),
    () => request(`${POLLING}&sid=${sid}`),
    () => post(`${POLLING}&sid=${sid}`, "3"),
    () => post(`${POLLING}&sid=${sid}`, offer(random)),
    () => upgradeRequest(`${WEBSOCKET}&sid=${sid}`),
    () => upgradeRequest(random.pick([WEBSOCKET, POLLING, "/elsewhere"])),
  ])();
}

async function overHttp(open: Open, random: Random): Promise<void> {
  const connection = open();
  for (let n = 0; n < 6; n++) {
    connection.say(request(random.pick(PATHS)));
    await connection.hear(/HTTP\/1\.1 .*?\r\n\r\n/s);
  }
}

async function pipelined(open: Open, random: Random): Promise<void> {
  const connection = open();
  connection.say(request(POLLING));
  const sid = await connection.hear(/"sid":"([^"]+)"/);
  const count = random.chance(0.1) ? 500 : 1 + random.upTo(3);
  connection.say(Array.from({ length: count }, () => anyRequest(random, sid)).join(""));
  await connection.hear(/HTTP\/1\.1 /);
  connection.say(anyRequest(random, sid));
}

/** Opens a session by polling and joins a room; gives the session's id. */
async function openSession(connection: DoomedConnection, random: Random): Promise<string> {
  connection.say(request(POLLING));
  const sid = await connection.hear(/"sid":"([^"]+)"/);
  for (const packet of ["40", join(random)]) {
    connection.say(post(`${POLLING}&sid=${sid}`, packet));
    await connection.hear(/\r\n\r\nok/);
  }
  return sid;
}

async function overPolling(open: Open, random: Random): Promise<void> {
  const posts = open();
  const sid = await openSession(posts, random);
  const polls = open();
  for (let n = 0; n < 3; n++) {
    polls.say(request(`${POLLING}&sid=${sid}`));
    posts.say(post(`${POLLING}&sid=${sid}`, offer(random)));
    await Promise.all([polls.hear(/200 OK/), posts.hear(/\r\n\r\nok/)]);
  }
  posts.say(post(`${POLLING}&sid=${sid}`, random.pick(["41", "1"])));
}

/** In fragments with pings between them, as one frame, or with another frame behind it. */
function sayOffer(connection: DoomedConnection, random: Random): void {
  const message = offer(random);
  const middle = random.upTo(message.length);
  random.pick([
    () => connection.say(text(message)),
    () => connection.say(Buffer.concat([text(message), text('422["leave"]'), text("3")])),
    () => {
      connection.say(frame(OPCODE.text, message.slice(0, middle)));
      connection.say(frame(FIN | OPCODE.ping, "x"));
      connection.say(frame(FIN | OPCODE.continuation, message.slice(middle)));
    },
  ])();
}

async function overWebSocket(open: Open, random: Random): Promise<void> {
  const connection = open();
  connection.say(upgradeRequest(WEBSOCKET));
  await connection.hear(/"sid"/);
  connection.say(text("40"));
  await connection.hear(/40\{/);
  connection.say(text(join(random)));
  await connection.hear(/430\[/);
  for (let n = 0; n < 3; n++) sayOffer(connection, random);
  await connection.hear(/431\[/);
  connection.say(random.pick([text("41"), text("1"), frame(FIN | OPCODE.close, "")]));
  await connection.hear(/\x88/);
}

async function upgraded(open: Open, random: Random): Promise<void> {
  const sid = await openSession(open(), random);
  const polls = open();
  polls.say(request(`${POLLING}&sid=${sid}`));
  const webSocket = open();
  webSocket.say(upgradeRequest(`${WEBSOCKET}&sid=${sid}`));
  await webSocket.hear(/101 /);
  webSocket.say(text("2probe"));
  await webSocket.hear(/3probe/);
  if (random.chance(0.5)) polls.say(request(`${POLLING}&sid=${sid}`));
  webSocket.say(text("5"));
  sayOffer(webSocket, random);
  await webSocket.hear(/431\[/);
  webSocket.say(text(random.pick(["41", "1"])));
}

export const CONVERSATIONS: readonly Conversation[] = [
  overHttp,
  pipelined,
  overPolling,
  overWebSocket,
  upgraded,
];
