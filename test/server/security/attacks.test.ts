/**
 * Attacks, one after another, on a server of its own process. After each, that process runs on and a
 * bystander's next message arrives.
 */

import { once } from "node:events";
import { beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestClient } from "../../support/client.ts";
import { MeasuredServer } from "../../support/measured.ts";
import { RawClient } from "../../support/raw.ts";

const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const nestedArrays = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const KIB = 1_024;

/** A member of the bystanders' room, by hand: what it sends would reach them if it were let. */
async function insider({ url }: MeasuredServer): Promise<RawClient> {
  const raw = await RawClient.connect(url);
  raw.send('420["join",{"room":"bystanders"}]');
  await raw.frame(/^430\[\{"ok":true/);
  return raw;
}

/** Sends frames as a member; the server must refuse each or end the connection. */
const frames =
  (...sent: (string | Uint8Array)[]) =>
  async (server: MeasuredServer) => {
    const raw = await insider(server);
    const closed = raw.closed();
    for (const frame of sent) raw.send(frame);
    raw.send('427["settled?"]');
    await Promise.race([closed, raw.frame(/^437\[/)]);
  };

const ATTACKS: Record<string, (server: MeasuredServer) => Promise<void>> = {
  "lists, objects and numbers for rooms": frames(
    '42["join",{"room":[]}]',
    '42["join",{"room":["a","b"]}]',
    '42["join",{"room":{"toString":"a"}}]',
    '42["join",{"room":7}]',
    '42["join",[]]',
  ),
  "lists for targets": frames(
    '42["offer",{"type":"offer","sdp":"attack"},{"to":[]}]',
    '42["offer",{"type":"offer","sdp":"attack"},[]]',
    '42["candidate",{"candidate":"attack"},{"to":[[]]}]',
  ),
  "no arguments, and no callback where one is common": frames(
    '42["join"]',
    '42["offer"]',
    '42["answer"]',
    '42["candidate"]',
    '42["leave"]',
    '42["call_report"]',
    '42["join",{"room":"bystanders"}]',
  ),
  "surplus arguments": frames(
    `42["join",{"room":"bystanders"},${"{},".repeat(1_000)}null]`,
    '42["leave",["attack"],{"to":"attack"},1,null]',
    '42["join",{"room":"bystanders"},"attack","attack"]',
  ),
  "callbacks on everything, known or not, with any number": frames(
    '420["leave"]',
    '420["leave"]',
    '42999999999["offer"]',
    '421["refresh_token"]',
    '422["attack"]',
    '423["signal_error",{}]',
  ),
  "acknowledgements nobody asked for": frames("430[]", '43999[{"ok":true}]', "43[]"),
  "a value nested 8,000 deep as a payload": frames(`42["offer",${nested(8_000)}]`),
  "a value nested 8,000 deep as a member": frames(
    `42["offer",{"type":"offer","sdp":${nested(8_000)}}]`,
    `42["candidate",{"candidate":"","sdpMid":${nestedArrays(8_000)}}]`,
  ),
  "a value nested 20,000 deep as an unknown member": frames(
    `42["candidate",{"candidate":1,"x":${nestedArrays(20_000)}}]`,
    `42["call_report",{"to":"attack","outcome":"failed","ms":1,"x":${nestedArrays(20_000)}}]`,
  ),
  "a value nested 8,000 deep with an acknowledgement, in an unknown event": frames(
    `4211["shout",${nested(8_000)}]`,
  ),
  "a value nested 8,000 deep that waits for an attachment": frames(
    `451-["offer",${nested(8_000)}]`,
    new Uint8Array(8),
  ),
  "placeholders without attachments": frames(
    '42["offer",{"_placeholder":true,"num":0}]',
    '451-["offer",{"_placeholder":true,"num":9}]',
    new Uint8Array(8),
  ),
  "no attachments where some are announced, and none announced": frames(
    '450-["offer",{"type":"offer","sdp":"attack"}]',
    '45-["offer"]',
    '45["offer"]',
  ),
  "an attachment that is never sent": frames(
    '452-["offer",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
    new Uint8Array(8),
  ),
  "more attachments than are allowed": frames('45999-["offer",{"_placeholder":true,"num":0}]'),
  "ten attachments near the size limit": frames(
    `4510-["shout",${Array.from({ length: 10 }, (_, num) => `{"_placeholder":true,"num":${num}}`)}]`,
    ...Array.from({ length: 10 }, () => new Uint8Array(100 * KIB)),
  ),
  "a binary frame out of the blue": frames(new Uint8Array([1, 2, 3])),
  "event names that are numbers, reserved or prototype members": frames(
    "42[1,2]",
    '42["__proto__",{}]',
    '42["constructor"]',
    '42["error",{"message":"attack"}]',
    '42["disconnect"]',
  ),
  "a second CONNECT and other namespaces": frames("40", "40/admin,", '40{"token":"x"}'),
  "malformed Engine.IO frames": frames("", "9", "x", "6", "2probe", "5", "1"),
  "malformed Socket.IO packets": frames("42{", "429"),
  "a packet that isn't an event": frames("42{}"),
  "a packet of unknown type": frames("49"),
  "a member that looks like a cycle": frames(
    '42["offer",{"type":"offer","sdp":{"$ref":"$"},"toJSON":{"$ref":"$"}}]',
  ),

  "an offer of 500 sections, whose answer would be over every limit": frames(
    `42["offer",{"type":"offer","sdp":"v=0\\r\\n${"m=attack 9 UDP/TLS/RTP/SAVPF 0\\r\\n".repeat(500)}"}]`,
  ),

  "an oversize WebSocket message": async (server) => {
    const raw = await insider(server);
    const closed = raw.closed();
    raw.send(`42["offer",{"type":"offer","sdp":"${"x".repeat(131_072)}"}]`);
    expect(await closed).toBe(1009);
  },

  "an oversize polling request": async ({ url }) => {
    const polling = `${url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(polling)).text()).slice(1));
    const post = fetch(`${polling}&sid=${sid}`, { method: "POST", body: "4".repeat(131_073) });
    // Refused with 413, or cut off while it is still being sent.
    const outcome = await post.then(
      (response) => response.status,
      () => "cut off",
    );
    expect([413, "cut off"]).toContain(outcome);
  },

  "a page of another origin, by WebSocket and by polling": async ({ url }) => {
    const headers = { origin: "https://evil.example" };
    const polling = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers });
    expect(polling.status).toBe(403);
    const address = `${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
    const socket = new WebSocket(address, { headers });
    const [error] = await once(socket, "error");
    expect(String(error)).toContain("400");
  },

  "a connection that breaks off in the middle of everything": async (server) => {
    const raw = await insider(server);
    raw.send('42["join",{"room":"elsewhere"}]');
    raw.send('451-["offer",{"_placeholder":true,"num":0}]');
    const closed = raw.closed();
    raw.ws.terminate();
    await closed;
  },
};

describe("attacks", () => {
  let server: MeasuredServer;
  beforeAll(async () => {
    // All of them come from one address, which is none of their business here.
    server = await MeasuredServer.start({ MAX_CONNECTIONS_PER_ADDRESS: "0" });
    return () => server.stop();
  });

  test.each(Object.entries(ATTACKS))("%s", async (_name, attack) => {
    const [ada, bob] = [await TestClient.connect(server.url), await TestClient.connect(server.url)];
    await ada.join("bystanders");
    await bob.join("bystanders");
    await attack(server);
    for (const n of [1, 2, 3]) {
      expect(await ada.offer(`message ${n}`, { to: bob.id })).toEqual({ ok: true, delivered: 1 });
      expect(await bob.next("getOffer")).toMatchObject([{ sdp: `message ${n}` }, { from: ada.id }]);
    }
    expect(JSON.stringify([ada.received, bob.received])).not.toContain("attack");
    expect(server.hasEnded).toBe(false);
    expect(server.output).toBe("");
  });
});
