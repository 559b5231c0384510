/** A stay in a room, by itself: what a mesh does as the server, the network and the peers change. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Mesh, type MeshEvents, type MeshOptions, SignalingError } from "../../src/client/index.ts";
import { FakeChannel, FakeSignaling, fakeConnections, settled } from "../support/fakes.ts";

function create(users: string[] = [], options: MeshOptions = {}) {
  const connections = fakeConnections();
  const signaling = new FakeSignaling();
  signaling.joined.users = users.map((id) => ({ id, name: id }));
  const mesh = new Mesh(FakeSignaling.asClient(signaling), options);
  const errors: MeshEvents["error"][] = [];
  const told: string[] = [];
  mesh.addEventListener("error", ({ peer, error }) => errors.push({ peer, error }));
  mesh.addEventListener("statechange", ({ state }) => told.push(state));
  mesh.addEventListener("peerjoin", ({ peer }) => told.push(`${peer.id} comes`));
  mesh.addEventListener("peerleave", ({ peer }) => told.push(`${peer.id} goes`));
  return { connections, signaling, mesh, errors, told };
}

const code = (error: unknown) => (error instanceof SignalingError ? error.code : error);

describe("a session", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("comes back with another id: calls of before are closed, and everyone is called anew", async () => {
    const { connections, signaling, mesh, told } = create(["Ada"]);
    await mesh.join("demo");
    signaling.tell("disconnect", { willReconnect: true });
    signaling.tell("connect", { id: "another" });
    await settled();
    expect(told).toEqual([
      "joining",
      "Ada comes",
      "joined",
      "reconnecting",
      "Ada goes",
      "Ada comes",
      "joined",
    ]);
    expect(connections.made.map(({ log }) => log.includes("close"))).toEqual([true, false]);
    // Connected again while joined: nothing is lost, nothing is done.
    signaling.tell("connect", { id: "another" });
    await settled();
    expect(signaling.log.filter((line) => line === "join demo")).toHaveLength(2);
    await mesh.leave();
    expect([mesh.state, mesh.self, mesh.peers]).toEqual(["idle", undefined, []]);
  });

  test("ends when it is removed, with the reason", async () => {
    const { signaling, mesh, errors } = create(["Ada"]);
    await mesh.join("demo");
    const error = new SignalingError("removed", "you were removed");
    signaling.tell("error", { event: "disconnect", error });
    expect([mesh.state, mesh.peers]).toEqual(["idle", []]);
    expect(errors.map(({ peer, error }) => [peer, code(error)])).toEqual([[undefined, "removed"]]);
  });

  test("isn't in a room by the resume of another one, before its own join is answered", async () => {
    const { signaling, mesh, told } = create();
    signaling.joining = () => new Promise(() => {});
    void mesh.join("demo").catch(() => {});
    signaling.tell("resume", { ...signaling.joined, users: [{ id: "Ada", name: "" }], gap: false });
    expect([mesh.self, told]).toEqual([undefined, ["joining"]]);
    await mesh.leave();
  });

  test("gives up a join of a connection that was lost as well", async () => {
    const { signaling, mesh, errors } = create();
    await mesh.join("demo");
    let fail = () => {};
    signaling.joining = () =>
      new Promise((_, reject) => {
        fail = () => reject(new SignalingError("room_full", "full"));
      });
    signaling.tell("disconnect", { willReconnect: true });
    signaling.tell("connect", { id: "second" });
    signaling.tell("disconnect", { willReconnect: true });
    fail();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signaling.log.filter((line) => line === "join demo")).toHaveLength(2);
    expect([mesh.state, errors]).toEqual(["reconnecting", []]);
    signaling.joining = undefined;
    signaling.tell("connect", { id: "third" });
    await settled();
    expect(mesh.state).toBe("joined");
    await mesh.leave();
  });

  test("ends once when it is refused or sent away, and not for a first join's refusal", async () => {
    const { signaling, mesh, errors, told } = create();
    signaling.joining = async () => {
      const error = new SignalingError("unauthorized", "no");
      signaling.tell("refuse", { error });
      throw error;
    };
    await expect(mesh.join("demo")).rejects.toMatchObject({ code: "unauthorized" });
    expect(errors).toEqual([]);
    signaling.joining = undefined;
    await mesh.join("demo");
    signaling.tell("disconnect", { willReconnect: true });
    signaling.tell("refuse", { error: new SignalingError("unauthorized", "no") });
    signaling.tell("disconnect", { willReconnect: false });
    expect(errors.map(({ error }) => code(error))).toEqual(["unauthorized"]);
    expect(told.at(-1)).toBe("idle");
    expect(signaling.log).not.toContain("leave");
  });

  test("hears of nobody before it has joined", async () => {
    const { signaling, mesh, told } = create();
    signaling.joining = async () => void signaling.comes("Eve");
    await mesh.join("demo");
    expect(told).toEqual(["joining", "joined"]);
    signaling.offers("nobody");
    signaling.trickles("nobody", "x");
    signaling.goes("nobody");
    await mesh.leave();
    await mesh.leave();
    expect(told).toEqual(["joining", "joined", "idle"]);
  });

  test.each(["peerjoin", "peerleave"] as const)(
    "that is left at a %s in the middle of a join builds nothing more, and stays idle",
    async (type) => {
      const { connections, signaling, mesh, told } = create(["Ada", "Bob"]);
      if (type === "peerleave") await mesh.join("demo");
      const before = connections.made.length;
      mesh.addEventListener(type, () => void mesh.leave(), { once: true });
      if (type === "peerjoin") await mesh.join("demo");
      else signaling.tell("join", signaling.joined);
      signaling.comes("Cyd");
      await settled();
      expect(connections.made).toHaveLength(before);
      expect(connections.made.every(({ signalingState }) => signalingState === "closed")).toBe(
        true,
      );
      expect([mesh.state, mesh.self, mesh.peers]).toEqual(["idle", undefined, []]);
      expect(told.at(-1)).toBe("idle");
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test("[S9] takes a peer that comes twice for the same one, and keeps the connection", async () => {
    const { connections, signaling, mesh } = create(["Ada"]);
    await mesh.join("demo");
    const [ada] = mesh.peers;
    signaling.comes("Ada");
    signaling.offers("Ada");
    await settled();
    expect(mesh.peers).toEqual([ada]);
    expect(connections.made.map(({ log }) => log.includes("close"))).toEqual([false]);
    await mesh.leave();
  });

  test("that is ended before it begins says nothing", async () => {
    const { signaling, mesh, told } = create();
    await mesh.join("demo");
    // Told when the next join ends this session, and before it begins itself.
    mesh.addEventListener("statechange", () => void mesh.leave(), { once: true });
    await expect(mesh.join("other")).rejects.toThrow();
    expect(told).toEqual(["joining", "joined", "idle"]);
    expect(signaling.log).not.toContain("join other");
  });

  test("says nothing of what is nobody's fault", async () => {
    const { signaling, mesh, errors } = create(["Ada"], { channels: { chat: {} } });
    for (const code of ["peer_not_found", "not_in_room", "disconnected", "internal"] as const) {
      signaling.refusal = new SignalingError(code, "no");
      await mesh.join("demo");
      await settled();
    }
    expect(errors.map(({ error }) => code(error))).toEqual(["internal"]);
    await mesh.leave();
  });

  test("renews credentials that expire, at each connection that has them", async () => {
    const { connections, signaling, mesh } = create(["Ada"]);
    signaling.joined.iceServers = [{ urls: "turn:old", credential: "old" }];
    await mesh.join("demo");
    signaling.comes("Bob");
    await settled();
    expect(connections.made[0]?.configuration.iceServers).toEqual(signaling.joined.iceServers);
    expect(connections.made[0]?.log).toContain("servers turn:new");
    signaling.offers("Bob");
    expect(connections.made[1]?.configuration.iceServers).toMatchObject([{ urls: "turn:new" }]);
    await mesh.leave();
  });
});

describe("a seat that outlives its connection", () => {
  const ticket = { ticket: "x", graceMs: 30_000 };
  /** In a room with others who have answered and are connected, from before the connection is lost. */
  async function connected(...users: string[]) {
    const all = create(users, { channels: { chat: {} } });
    const { signaling, mesh, connections, told } = all;
    signaling.joined.resume = ticket;
    for (const type of ["peeraway", "peerback", "peermetadata"] as const) {
      mesh.addEventListener(type, ({ peer }) => told.push(`${peer.id} ${type.slice(4)}`));
    }
    await mesh.join("demo");
    await settled();
    for (const id of users) signaling.answers(id);
    await settled();
    for (const connection of connections.made) connection.becomes("connected");
    const resume = (gap: boolean, ...ids: string[]) => {
      const now = ids.map((id) => ({ id, name: id }));
      signaling.tell("resume", { ...signaling.joined, users: now, gap });
    };
    signaling.log.length = 0;
    told.length = 0;
    return { ...all, resume };
  }
  const lose = (signaling: FakeSignaling) => signaling.tell("disconnect", { willReconnect: true });

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("[S4] history kept: nothing is done, nobody leaves, the peers are the same objects", async () => {
    const { connections, signaling, mesh, told, resume } = await connected("Ada");
    const before = mesh.peers;
    const logs = connections.made.map(({ log }) => [...log]);
    connections.made[0]?.becomes("disconnected");
    lose(signaling);
    resume(false, "Ada", "Bob");
    await settled();
    // Who has come meanwhile is told next.
    signaling.comes("Bob");
    expect(told).toEqual(["reconnecting", "joined", "Bob comes"]);
    expect(mesh.peers[0]).toBe(before[0]);
    expect(connections.made.map(({ log }) => log)).toEqual(logs);
    expect(signaling.log).toEqual([]);
    await mesh.leave();
  });

  test("[S5] a gap: a link that is stable and connected is left alone", async () => {
    const { connections, signaling, mesh, resume } = await connected("Ada");
    lose(signaling);
    resume(true, "Ada");
    await settled();
    expect(connections.made.map(({ log }) => log.at(-1))).toEqual(["remote answer of Ada"]);
    expect([signaling.log, connections.made.length]).toEqual([[], 1]);
    await mesh.leave();
  });

  test.each(["own", "theirs"])(
    "[S5] a gap (%s): an offer that waits for its answer is sent again, any other link restarts",
    async (whose) => {
      const { connections, signaling, mesh, resume } = await connected("Ada", "Bob");
      const [first, second] = connections.made;
      first?.negotiate();
      second?.becomes("disconnected");
      await settled();
      signaling.log.length = 0;
      if (whose === "own") {
        lose(signaling);
        resume(true, "Ada", "Bob");
      } else {
        for (const id of ["Ada", "Bob"]) signaling.tell("peerback", { id, gap: true });
      }
      await settled();
      expect(signaling.log).toEqual(["offer 2 to Ada", "offer 2 to Bob"]);
      expect(first?.log.slice(-2)).toEqual(["remote answer of Ada", "local offer"]);
      expect(second?.log.slice(-2)).toEqual(["restart", "local offer"]);
      await mesh.leave();
    },
  );

  test("[S5] an offer under way when the gap is told was sent after it: only if it fails it goes again", async () => {
    const { connections, signaling, mesh } = await connected("Ada");
    const outcomes: (() => void)[] = [];
    signaling.sendDescription = ({ sdp }, to) => {
      signaling.log.push(`${sdp} to ${to}`);
      return new Promise((resolve, reject) => {
        const error = new SignalingError("disconnected", "lost");
        outcomes.push(resolve, () => reject(error));
      });
    };
    connections.made[0]?.negotiate();
    await settled();
    signaling.tell("peerback", { id: "Ada", gap: true });
    await settled();
    expect(signaling.log).toEqual(["offer 2 to Ada"]);
    outcomes[0]?.();
    await settled();
    expect(signaling.log).toEqual(["offer 2 to Ada"]);
    signaling.answers("Ada", "second");
    await settled();
    connections.made[0]?.negotiate();
    await settled();
    signaling.tell("peerback", { id: "Ada", gap: true });
    await settled();
    outcomes[3]?.();
    await settled();
    expect(signaling.log.slice(1)).toEqual(["offer 3 to Ada", "offer 3 to Ada"]);
    await mesh.leave();
  });

  test("both sides repair at once: the offers cross, and one of them stands", async () => {
    const { connections, signaling, mesh } = await connected("Ada");
    const [connection] = connections.made;
    connection?.becomes("failed");
    await settled();
    signaling.tell("peerback", { id: "Ada", gap: true });
    signaling.offers("Ada", "theirs");
    await settled();
    // We called: we give way.
    expect(connection?.log.slice(-3)).toEqual(["rollback", "remote theirs", "local answer"]);
    await mesh.leave();
  });

  test("[S9] after a restart: who isn't back yet stays as away for the grace, and then goes", async () => {
    const { connections, signaling, mesh, told, resume } = await connected("Ada", "Bob");
    lose(signaling);
    resume(true);
    expect(mesh.peers.map(({ away }) => away)).toEqual([true, true]);
    await vi.advanceTimersByTimeAsync(20_000);
    const [ada] = mesh.peers;
    signaling.comes("Ada");
    await settled();
    expect(mesh.peers[0]).toBe(ada);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toEqual([
      "reconnecting",
      "Ada away",
      "Bob away",
      "joined",
      "Ada back",
      "Bob goes",
    ]);
    // No offer was made anew, and it is still we who gave way.
    expect(connections.made).toHaveLength(2);
    expect(signaling.log).toEqual([]);
    await mesh.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("[S9] whoever we don't know and who doesn't call us is called, and gives way if he does", async () => {
    const { connections, signaling, mesh, resume } = await connected();
    lose(signaling);
    resume(true, "Cyd", "Dee");
    signaling.offers("Dee");
    await settled();
    expect(connections.made.map(({ log }) => log)).toEqual([
      ["remote offer of Dee", "local answer"],
    ]);
    await vi.advanceTimersByTimeAsync(2_000);
    await settled();
    expect(signaling.log).toEqual(["answer 1 to Dee", "offer 1 to Cyd"]);
    // Polite to Cyd, whom we called; not to Dee.
    connections.made[0]?.negotiate();
    await settled();
    for (const id of ["Cyd", "Dee"]) signaling.offers(id, "crosses");
    await settled();
    expect(connections.made.map(({ log }) => log.includes("rollback"))).toEqual([false, true]);
    await mesh.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("[S2] who is away is marked, and nothing is closed", async () => {
    const { connections, signaling, mesh, told } = await connected("Ada");
    const [ada] = mesh.peers;
    for (const _ of "xx") signaling.tell("peeraway", { id: "Ada" });
    expect([ada?.away, connections.made[0]?.signalingState]).toEqual([true, "stable"]);
    for (const _ of "xx") signaling.tell("peerback", { id: "Ada", gap: false });
    expect(ada?.away).toBe(false);
    signaling.tell("peeraway", { id: "Ada" });
    signaling.goes("Ada");
    signaling.tell("peeraway", { id: "nobody" });
    signaling.tell("peerback", { id: "nobody", gap: true });
    expect(told).toEqual(["Ada away", "Ada back", "Ada away", "Ada goes"]);
    await mesh.leave();
  });

  test("a seat that is gone: calls that run stay until they are replaced, break off, or the grace is over", async () => {
    const { connections, signaling, mesh, told } = await connected("Ada", "Bob", "Cyd", "Dee");
    const [, , cyd, dee] = connections.made;
    dee?.becomes("disconnected");
    signaling.joined = {
      ...signaling.joined,
      users: [{ id: "new", name: "Ada" }],
      self: { id: "other", name: "" },
    };
    lose(signaling);
    signaling.tell("connect", { id: "other" });
    await settled();
    expect(told).toEqual([
      "reconnecting",
      "Ada away",
      "Bob away",
      "Cyd away",
      "Dee goes",
      "new comes",
      "joined",
    ]);
    told.length = 0;
    connections.made[4]?.becomes("connected");
    expect(told).toEqual(["Ada goes"]);
    cyd?.becomes("disconnected");
    await vi.advanceTimersByTimeAsync(29_999);
    expect(told).toEqual(["Ada goes", "Cyd goes"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(["Ada goes", "Cyd goes", "Bob goes"]);
    await mesh.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a seat that is gone: who is told under the id of before is called anew", async () => {
    const { connections, signaling, mesh, told } = await connected("Ada");
    lose(signaling);
    signaling.tell("connect", { id: "other" });
    await settled();
    expect(told).toEqual(["reconnecting", "Ada goes", "Ada comes", "joined"]);
    expect(connections.made.map(({ log }) => log.includes("close"))).toEqual([true, false]);
    await mesh.leave();
  });

  test("a room that is full on the way back may hold our own seat: for the grace and 20 s", async () => {
    const { signaling, mesh, errors } = await connected();
    signaling.joining = () => Promise.reject(new SignalingError("room_full", "full"));
    lose(signaling);
    signaling.tell("connect", { id: "other" });
    await vi.advanceTimersByTimeAsync(49_000);
    expect(mesh.state).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(2_000);
    expect([mesh.state, errors.map(({ error }) => code(error))]).toEqual(["idle", ["room_full"]]);
  });

  test("an application may leave at any event of a return", async () => {
    for (const type of ["peeraway", "peerback", "peerjoin", "peermetadata"] as const) {
      const { signaling, mesh, resume } = await connected("Ada", "Bob");
      signaling.tell("peeraway", { id: "Ada" });
      mesh.addEventListener(type, () => void mesh.leave(), { once: true });
      lose(signaling);
      signaling.tell("resume", {
        ...signaling.joined,
        users: [
          { id: "Ada", name: "", metadata: 1 },
          { id: "Cyd", name: "" },
        ],
        gap: true,
      });
      resume(false, "Ada");
      expect([mesh.state, mesh.peers]).toEqual(["idle", []]);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test("[M1] [M2] metadata is kept with the peer, follows changes, and is joined with anew", async () => {
    const { signaling, mesh, told } = await connected("Ada");
    signaling.tell("peermetadata", { id: "Ada", metadata: [1] });
    expect(mesh.peers[0]?.metadata).toEqual([1]);
    signaling.tell("resume", {
      ...signaling.joined,
      users: [{ id: "Ada", name: "", metadata: [2] }],
      gap: false,
    });
    signaling.tell("peerjoin", { peer: { id: "Bob", name: "", metadata: 3, subject: "bob" } });
    expect(mesh.peers).toMatchObject([{ metadata: [2] }, { metadata: 3, subject: "bob" }]);
    expect(told).toEqual(["Ada metadata", "Ada metadata", "Bob comes"]);
    await mesh.setMetadata("mine");
    signaling.refusal = new SignalingError("too_large", "no");
    await expect(mesh.setMetadata("x")).rejects.toMatchObject({ code: "too_large" });
    lose(signaling);
    signaling.tell("connect", { id: "other" });
    await settled();
    expect(signaling.options).toMatchObject({ metadata: "mine" });
    await mesh.leave();
    await expect(mesh.setMetadata("x")).rejects.toMatchObject({ code: "not_in_room" });
  });
});

describe("a peer", () => {
  const join = async (options: MeshOptions = {}) => {
    const all = create(["Ada"], options);
    await all.mesh.join("demo");
    const [connection] = all.connections.made;
    const [peer] = all.mesh.peers;
    if (!connection || !peer) throw new Error("no connection");
    return { ...all, connection, peer };
  };

  test("is asked for media when there is nothing to send, and only when we call", async () => {
    const { connection, connections, signaling } = await join();
    expect(connection.log.slice(0, 2)).toEqual(["transceiver audio", "transceiver video"]);
    signaling.comes("Bob");
    signaling.offers("Bob");
    await settled();
    expect(connections.made[1]?.log).toEqual(["remote offer of Bob", "local answer"]);
    const other = await join({ channels: { chat: {} } });
    expect(other.connection.log.join()).not.toContain("transceiver");
  });

  test("has its channels by label while they are open: the newest of each", async () => {
    const { mesh, connection, peer } = await join({ channels: { chat: {} } });
    const [older] = connection.channels;
    const newer = new FakeChannel("chat");
    newer.readyState = "open";
    expect(peer.channels.size).toBe(0);
    older?.open();
    expect(peer.channels.get("chat")).toBe(older);
    // One of the peer's may be open before it is announced.
    connection.dispatchEvent(Object.assign(new Event("datachannel"), { channel: newer }));
    expect(peer.channels.get("chat")).toBe(newer);
    older?.closed();
    expect(peer.channels.get("chat")).toBe(newer);
    expect(mesh.send("chat", "hello")).toBe(1);
    await mesh.leave();
    expect([newer.readyState, peer.channels.size]).toEqual(["closing", 0]);
  });
});
