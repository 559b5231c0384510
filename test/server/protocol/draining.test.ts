import { expect, test } from "vitest";
import { granted, joinWithTicket, resume } from "../../support/resuming.ts";
import { startServer } from "../../support/server.ts";

const RESUME_SECRET = "a secret of no less than 32 bytes for tickets";

test("[D1] nobody is missed during it, however short seats are kept; then they end", async () => {
  for (const RESUME_GRACE_MS of ["0", "1"]) {
    const server = await startServer({ RESUME_GRACE_MS, MAX_PEERS_PER_ROOM: "40" });
    // So many are closed in two steps.
    const peers = await Promise.all(Array.from({ length: 40 }, () => server.connect()));
    for (const peer of peers) await peer.request("join", { room: "r", resume: true });
    await server.drain();
    for (const peer of peers) {
      await peer.disconnected();
      expect(peer.received.map(({ event }) => event)).not.toContain("user_exit");
    }
    await expect.poll(() => server.maps.socketToRoom.size).toBe(0);
  }
});

test("[D1] everyone is told, sent elsewhere and not missed; nobody new is let in", async () => {
  const server = await startServer({ RESUME_SECRET });
  const ada = await joinWithTicket(server, "r", {}, { reconnection: true });
  const bob = await joinWithTicket(server, "r");
  const plain = await server.connect({ transports: ["polling"] });
  await plain.join("r");
  const ready = async () => {
    const response = await fetch(`${server.url}/ready`);
    return [response.status, await response.json()];
  };
  expect(await ready()).toEqual([200, { status: "ready" }]);
  const left: string[] = [];
  server.on("left", ({ peer }) => left.push(peer));
  const drained = server.drain();
  expect(server.drain()).toBe(drained);
  expect(await ready()).toEqual([503, { status: "unavailable", reason: "draining" }]);
  for (const client of [ada.client, bob.client, plain]) {
    const [notice] = await client.next("server_draining");
    expect(notice.withinMs).toBeGreaterThan(0);
  }
  await expect(server.connect()).rejects.toThrow();
  await drained;
  for (const client of [ada.client, bob.client, plain]) {
    await client.disconnected();
    expect(client.received.map(({ event }) => event)).not.toContain("user_exit");
    expect(client.received.map(({ event }) => event)).not.toContain("user_away");
  }
  // It comes back by itself.
  expect(ada.client.socket.active).toBe(true);
  expect(left).toEqual([]);
  expect(server.maps.socketToRoom.size).toBe(3);
  const next = await startServer({ RESUME_SECRET });
  const { ack } = await resume(next, bob.ticket, 0);
  expect(granted(ack).self.id).toBe(bob.id);
});

test("[D1] for DRAIN_DELAY_MS everything goes on, and who leaves is announced", async () => {
  const server = await startServer({ DRAIN_DELAY_MS: "60000" });
  const ada = await joinWithTicket(server, "r");
  const bob = await joinWithTicket(server, "r");
  void server.drain();
  // Until then new ones are let in: the load balancer may not have noticed yet.
  await (await server.connect()).join("r");
  await bob.client.leave();
  expect(await ada.client.next("user_exit")).toEqual([{ id: bob.id }]);
});

test("a client that doesn't read delays the end by no more than DRAIN_TIMEOUT_MS", async () => {
  const server = await startServer({ DRAIN_TIMEOUT_MS: "300" });
  // Its connection closes when it polls again, which it doesn't.
  const open = await fetch(`${server.url}/socket.io/?EIO=4&transport=polling`);
  const sid = (await open.text()).match(/"sid":"([^"]+)"/)?.[1];
  const post = { method: "POST", body: "40" };
  await fetch(`${server.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, post);
  const start = performance.now();
  await server.drain();
  expect(performance.now() - start).toBeGreaterThanOrEqual(299);
  expect(server.io.engine.clientsCount).toBe(1);
});
