/** When a mesh builds connections: with the first offer, and no faster than a browser can take. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Mesh, type MeshEvents, type MeshOptions } from "../../src/client/index.ts";
import { FakeSignaling, fakeConnections, settled } from "../support/fakes.ts";

/** A mesh that has joined a room with these others. */
async function join(users: string[] = [], options: MeshOptions = {}) {
  const connections = fakeConnections();
  const signaling = new FakeSignaling();
  signaling.joined.users = users.map((id) => ({ id, name: id }));
  const mesh = new Mesh(FakeSignaling.asClient(signaling), options);
  const errors: MeshEvents["error"][] = [];
  mesh.addEventListener("error", ({ peer, error }) => errors.push({ peer, error }));
  await mesh.join("demo");
  const built = () => mesh.peers.filter(({ connection }) => connection).map(({ id }) => id);
  return { connections, signaling, mesh, errors, built };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `peer ${index + 1}`);

describe("connections are built", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("for the first offer, ours or theirs", async () => {
    const { connections, signaling, mesh, built } = await join(["Ada"]);
    expect(built()).toEqual(["Ada"]);
    signaling.comes("Bob");
    signaling.answers("Bob");
    signaling.trickles("Bob", "early");
    expect(mesh.peers[1]?.connection).toBeUndefined();
    signaling.offers("Bob");
    await settled();
    expect(built()).toEqual(["Ada", "Bob"]);
    expect(connections.made[1]?.log).toEqual([
      "remote offer of Bob",
      "candidate early",
      "local answer",
    ]);
  });

  test("not for 600 who come and go in a second", async () => {
    const { connections, signaling, mesh } = await join();
    for (const id of names(600)) {
      signaling.comes(id);
      signaling.goes(id);
    }
    expect(connections.made).toHaveLength(0);
    expect(mesh.peers).toEqual([]);
  });

  test("20 at once and 2 a second, for those who offer, come and go as well", async () => {
    const { connections, signaling, built } = await join();
    for (const id of names(600)) {
      signaling.comes(id);
      signaling.offers(id);
      signaling.goes(id);
      await vi.advanceTimersByTimeAsync(100 / 6);
    }
    // 20 and those of 10 s; who had gone when its turn came is none of them.
    expect(connections.made.length).toBeGreaterThanOrEqual(20);
    expect(connections.made.length).toBeLessThanOrEqual(40);
    signaling.comes("Bob");
    signaling.offers("Bob");
    await vi.advanceTimersByTimeAsync(500);
    expect(built()).toEqual(["Bob"]);
  });

  test("one after another for a newcomer in a room of 30, as things are then", async () => {
    const users = names(30);
    const { connections, signaling, mesh, built } = await join(users, { channels: { chat: {} } });
    expect(built()).toEqual(users.slice(0, 20));
    const track = { id: "later" } as MediaStreamTrack;
    mesh.addTrack(track);
    // These wait: the first has left when its turn would come, the second offers by itself, twice.
    signaling.goes("peer 21");
    signaling.trickles("peer 22", "early");
    signaling.offers("peer 22", "older");
    signaling.offers("peer 22", "newer");
    mesh.peers[21]?.restartIce();
    await vi.advanceTimersByTimeAsync(499);
    expect(built()).toHaveLength(20);
    await vi.advanceTimersByTimeAsync(1);
    expect(built()).toEqual([...users.slice(0, 20), "peer 22"]);
    const connection = connections.made[20];
    expect(connection?.senders).toEqual([{ track }]);
    expect(connection?.channels.map(({ label }) => label)).toEqual(["chat"]);
    expect(connection?.log).toContain("remote newer");
    expect(connection?.log).not.toContain("remote older");
    expect(connection?.log).toContain("candidate early");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(built()).toHaveLength(23);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(built()).toEqual(users.filter((id) => id !== "peer 21"));
    expect(connections.made).toHaveLength(29);
    // The allowance fills up again, to 20 and no further.
    await vi.advanceTimersByTimeAsync(3_600_000);
    for (const id of names(70).slice(30)) {
      signaling.comes(id);
      signaling.offers(id);
    }
    expect(connections.made).toHaveLength(49);
  });

  test("again, 5 s after the constructor has thrown, which is an error of that peer", async () => {
    const { connections, signaling, mesh, errors, built } = await join();
    connections.refuses = true;
    for (const id of ["Ada", "Bob"]) {
      signaling.comes(id);
      signaling.offers(id);
    }
    expect(errors).toEqual([
      { peer: mesh.peers[0], error: expect.objectContaining({ message: "too many" }) },
    ]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(errors.map(({ peer }) => peer?.id)).toEqual(["Ada", "Ada"]);
    connections.refuses = false;
    await vi.advanceTimersByTimeAsync(4_999);
    expect(built()).toEqual([]);
    await vi.advanceTimersByTimeAsync(501);
    expect(built()).toEqual(["Ada", "Bob"]);
  });

  test("one at most for each peer; a channel that can't be made is an error and nothing more", async () => {
    const { connections, signaling, errors } = await join(["Ada"], { channels: { bad: {} } });
    expect(errors.map(({ peer, error }) => [peer?.id, String(error)])).toEqual([
      ["Ada", "TypeError: bad"],
    ]);
    signaling.offers("Ada");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connections.made).toHaveLength(1);
    expect(connections.made[0]?.log).toContain("local answer");
  });

  test("no longer when we have left, and who joins again has no more at once", async () => {
    const { connections, mesh } = await join(names(30));
    await mesh.leave();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    await mesh.join("demo");
    expect(connections.made).toHaveLength(22);
    await mesh.leave();
  });
});
