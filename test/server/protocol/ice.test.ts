import { describe, expect, test } from "vitest";
import type { IceGrant } from "../../../src/protocol/messages.ts";
import { startServer } from "../../support/server.ts";

const TURN = { TURN_URLS: "turn:turn.example.com:3478", TURN_SECRET: "canary-secret" };
const RELAY_ONLY = { ...TURN, ICE_TRANSPORT_POLICY: "relay" };
const NOT_IN_ROOM = { ok: false, error: { code: "not_in_room", message: expect.any(String) } };

const RELAYED = "candidate:3 1 udp 41885439 198.51.100.7 50000 typ relay";
const HOST = "candidate:1 1 udp 2122260223 203.0.113.9 40000 typ host";

/** Two in a room, on a server with these options. */
async function two(env: Record<string, string>) {
  const server = await startServer(env);
  const [ada, bob] = [await server.connect(), await server.connect()];
  await ada.join("demo");
  await bob.join("demo");
  return { server, ada, bob };
}

describe("ICE servers", () => {
  test("[I1] join gives STUN servers, and TURN servers with a credential of the peer's own", async () => {
    const now = () => 1_700_000_000_000;
    const env = { STUN_URLS: "stun:stun.example.com", ...TURN };
    const server = await startServer(env, { now });
    const [ada, bob] = [await server.connect(), await server.connect()];
    for (const peer of [ada, bob]) {
      expect(await peer.join("demo")).toMatchObject({
        iceServers: [
          { urls: ["stun:stun.example.com"] },
          {
            urls: ["turn:turn.example.com:3478"],
            username: `1700003600:${peer.id}`,
            credential: expect.stringMatching(/^[A-Za-z0-9+/]{27}=$/),
          },
        ],
        iceTransportPolicy: "all",
      });
    }
  });

  test("[I1] nothing configured is an empty list", async () => {
    const server = await startServer();
    const ada = await server.connect();
    expect(await ada.join("demo")).toMatchObject({ iceServers: [], iceTransportPolicy: "all" });
  });

  test("[I1] the others learn nothing of a peer's credential, and the log neither", async () => {
    const { server, ada, bob } = await two({ ...TURN, LOG_LEVEL: "trace" });
    await ada.request("ice_servers");
    await bob.settled();
    const told = JSON.stringify(bob.received.filter(({ event }) => event !== "ack:join"));
    expect(told).not.toMatch(/iceServers|credential/);
    expect(server.log.join("")).not.toMatch(/canary|credential|turn/);
  });

  test("[I2] ice_servers gives a member a new credential, and says until when", async () => {
    let now = 1_700_000_000_000;
    const server = await startServer(TURN, { now: () => now });
    const ada = await server.connect();
    await ada.join("demo");
    now += 3_000_000;
    expect(await ada.request<IceGrant>("ice_servers")).toEqual({
      ok: true,
      iceServers: [expect.objectContaining({ username: `1700006600:${ada.id}` })],
      expiresAt: 1_700_006_600,
    });
  });

  test.each([{}, { TURN_URLS: "turn:a.example", TURN_USERNAME: "u", TURN_PASSWORD: "p" }])(
    "[I2] expiresAt lies ahead even if nothing expires: %j",
    async (env) => {
      const now = () => 1_700_000_000_000;
      const server = await startServer({ ...env, TURN_TTL_SECONDS: "60" }, { now });
      const ada = await server.connect();
      await ada.join("demo");
      expect(await ada.request("ice_servers")).toMatchObject({ expiresAt: 1_700_000_060 });
    },
  );

  test("[I3] who isn't in a room gets no credentials", async () => {
    const server = await startServer({ ...TURN, MAX_PEERS_PER_ROOM: "2" });
    const [ada, bob, cyd] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await ada.join("demo");
    await bob.join("demo");
    expect(await cyd.join("demo")).toMatchObject({ ok: false });
    expect(await cyd.request("join", { room: "a b" })).toMatchObject({ ok: false });
    expect(await cyd.request("ice_servers")).toEqual(NOT_IN_ROOM);
    cyd.socket.emit("ice_servers");
    expect(await cyd.next("signal_error")).toMatchObject([{ code: "not_in_room" }]);
    expect(JSON.stringify(cyd.received)).not.toMatch(/credential|turn:/);
    await ada.leave();
    expect(await ada.request("ice_servers")).toEqual(NOT_IN_ROOM);
  });
});

describe("relay only", () => {
  test("[I4] a candidate that isn't relayed reaches nobody", async () => {
    const { ada, bob } = await two(RELAY_ONLY);
    const none = { ok: true, delivered: 0 };
    expect(await ada.request("candidate", { candidate: HOST })).toEqual(none);
    expect(await ada.request("candidate", { candidate: HOST }, { to: bob.id })).toEqual(none);
    expect(await ada.request("candidate", { candidate: "", sdpMid: "203.0.113.9" })).toEqual(none);
    await bob.settled();
    expect(bob.all("getCandidate")).toEqual([]);
  });

  test("[I4] a relayed one and the end of candidates do", async () => {
    const { ada, bob } = await two(RELAY_ONLY);
    const one = { ok: true, delivered: 1 };
    const candidate = `${RELAYED} raddr 203.0.113.9 rport 40000 generation 0`;
    expect(await ada.request("candidate", { candidate, sdpMid: "0" })).toEqual(one);
    expect(await ada.request("candidate", { candidate: "" })).toEqual(one);
    expect(await ada.request("candidate", null)).toEqual(one);
    const from = { from: ada.id };
    expect(await bob.next("getCandidate")).toEqual([
      { candidate: `${RELAYED} raddr 0.0.0.0 rport 0 generation 0`, sdpMid: "0" },
      from,
    ]);
    expect(await bob.next("getCandidate")).toEqual([{ candidate: "" }, from]);
    expect(await bob.next("getCandidate")).toEqual([null, from]);
  });

  test("[I4] of a list, the relayed candidates pass; a list without any isn't delivered", async () => {
    const { ada, bob } = await two(RELAY_ONLY);
    const list = [{ candidate: HOST }, { candidate: RELAYED }, null];
    expect(await ada.request("candidates", list)).toEqual({ ok: true, delivered: 1 });
    expect(await ada.request("candidates", [{ candidate: HOST }, { candidate: HOST }])).toEqual({
      ok: true,
      delivered: 0,
    });
    await bob.settled();
    const arrived = bob.all("getCandidate").map(([candidate]) => candidate);
    expect(arrived).toEqual([
      expect.objectContaining({ candidate: expect.stringContaining("typ relay") }),
      null,
    ]);
  });

  test("[I4] a candidate that is dropped gets the same refusals as one that is relayed", async () => {
    const { server, ada } = await two(RELAY_ONLY);
    expect(await ada.request("candidate", { candidate: HOST }, { to: "x" })).toMatchObject({
      error: { code: "peer_not_found" },
    });
    const eve = await server.connect();
    expect(await eve.request("candidate", { candidate: HOST })).toEqual(NOT_IN_ROOM);
  });

  test.each([
    ["offer", "getOffer"],
    ["answer", "getAnswer"],
  ] as const)("[I5] the SDP of an %s arrives without an address", async (type, relayed) => {
    const { ada, bob } = await two(RELAY_ONLY);
    const lines = ["v=0", "o=ada 1 2 IN IP4 203.0.113.9", "c=IN IP4 203.0.113.9", `a=${HOST}`];
    const sdp = [...lines, `a=${RELAYED} raddr 203.0.113.9 rport 40000`, ""].join("\r\n");
    expect(await ada.request(type, { type, sdp })).toEqual({ ok: true, delivered: 1 });
    const [told] = await bob.next(relayed);
    expect(told).toEqual({
      type,
      sdp: `v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\nc=IN IP4 0.0.0.0\r\na=${RELAYED} raddr 0.0.0.0 rport 0\r\n`,
    });
  });

  test("[I5] no offer names a host for a browser to open a connection to", async () => {
    const { ada, bob } = await two(RELAY_ONLY);
    const assertion = { idp: { domain: "spy.example.com" }, assertion: "x" };
    const identity = Buffer.from(JSON.stringify(assertion)).toString("base64");
    await ada.offer(`v=0\r\na=identity:${identity}\r\nt=0 0\r\na=identity:${identity} x=y\r\n`);
    expect(await bob.next("getOffer")).toMatchObject([{ sdp: "v=0\r\nt=0 0\r\n" }, {}]);
  });

  test("[I5] without the policy nothing is taken away", async () => {
    const { ada, bob } = await two(TURN);
    const sdp = `c=IN IP4 203.0.113.9\r\na=${HOST}\r\n`;
    await ada.offer(sdp);
    await ada.request("candidate", { candidate: HOST });
    expect(await bob.next("getOffer")).toMatchObject([{ sdp }, {}]);
    expect(await bob.next("getCandidate")).toMatchObject([{ candidate: HOST }, {}]);
  });
});
