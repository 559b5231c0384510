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

  test("takes a peer that comes twice for another, and closes the connection with the first", async () => {
    const { connections, signaling, mesh } = create(["Ada", "Ada"]);
    await mesh.join("demo");
    signaling.comes("Ada");
    signaling.offers("Ada");
    await settled();
    expect(mesh.peers).toHaveLength(1);
    const open = connections.made.filter(({ log }) => !log.includes("close"));
    expect(open).toHaveLength(1);
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
