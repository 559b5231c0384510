/** Who connects again to have a new allowance: what is left of the old one comes along. */

import { describe, expect, test } from "vitest";
import type { TestClient } from "../../support/client.ts";
import { RawClient } from "../../support/raw.ts";
import { startServer, type TestServer } from "../../support/server.ts";

/** Refills so slowly that the burst is all there is. */
const BURST_OF_20 = { EVENTS_PER_SECOND: "1", EVENT_BURST: "20", TRUST_PROXY: "loopback" };

/** A client from an address, as a trusted proxy tells it. */
const connectFrom = (server: TestServer, address: string) =>
  server.connect({ extraHeaders: { "x-forwarded-for": address } });

/** Disconnects, and resolves when the server has no connection left. */
async function close(server: TestServer, client: TestClient): Promise<void> {
  client.socket.disconnect();
  await server.untilConnections(0);
}

/** Takes 20 from the allowance. */
async function useUp(client: TestClient): Promise<void> {
  for (const room of ["one", "two"]) expect(await client.join(room)).toMatchObject({ ok: true });
}

const RATE_LIMITED = { ok: false, error: { code: "rate_limited" } };

describe("reconnects", () => {
  test.each([
    ["198.51.100.1", "198.51.100.1", "198.51.100.2"],
    ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"],
  ])("[T5] what %s has used up is missing to %s, not to %s", async (one, same, other) => {
    const server = await startServer(BURST_OF_20);
    const ada = await connectFrom(server, one);
    await useUp(ada);
    await close(server, ada);
    expect(await (await connectFrom(server, same)).join("demo")).toMatchObject(RATE_LIMITED);
    expect(await (await connectFrom(server, other)).join("demo")).toMatchObject({ ok: true });
  });

  test("[T5] the largest debt counts, not the last", async () => {
    const server = await startServer(BURST_OF_20);
    const [ada, bob] = [await server.connect(), await server.connect()];
    await useUp(ada);
    ada.socket.disconnect();
    await server.untilConnections(1);
    await close(server, bob);
    expect(await (await server.connect()).join("demo")).toMatchObject(RATE_LIMITED);
  });

  test("[T5] a debt goes with time", async () => {
    const server = await startServer({ EVENTS_PER_SECOND: "10", EVENT_BURST: "20" });
    const ada = await server.connect();
    await useUp(ada);
    await close(server, ada);
    const again = await server.connect();
    expect(await again.join("demo")).toMatchObject(RATE_LIMITED);
    const patience = { interval: 200, timeout: 10_000 };
    await expect.poll(() => again.join("demo"), patience).toMatchObject({ ok: true });
  });

  test("[T5] where addresses have no limit, they have no debts", async () => {
    const server = await startServer({ ...BURST_OF_20, MAX_CONNECTIONS_PER_ADDRESS: "0" });
    const ada = await server.connect();
    await useUp(ada);
    await close(server, ada);
    await useUp(await server.connect());
  });

  test("[T5] a page that is reloaded at once goes on: a call to 8 others, twice", async () => {
    const server = await startServer();
    const others = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
    for (const client of others) await client.join("demo");
    for (let load = 0; load < 2; load++) {
      const ada = await server.connect();
      const acks: Promise<object>[] = [ada.join("demo")];
      for (const { id } of others) {
        acks.push(ada.offer("x".repeat(4_000), { to: id }));
        for (let n = 0; n < 24; n++) {
          acks.push(ada.request("candidate", { candidate: `candidate ${n}` }, { to: id }));
        }
      }
      expect((await Promise.all(acks)).filter((ack) => !("ok" in ack && ack.ok))).toEqual([]);
      ada.socket.disconnect();
      await server.untilConnections(8);
    }
  });

  test("[T5] a flooder locks nobody of its address out", async () => {
    const server = await startServer({ EVENTS_PER_SECOND: "10", EVENT_BURST: "20" });
    const raw = await RawClient.connect(server.url);
    const closed = raw.closed();
    for (let n = 0; n < 100; n++) raw.send('42["attack"]');
    await closed;
    await server.untilConnections(0);
    const ada = await server.connect();
    expect(await ada.join("demo")).toMatchObject(RATE_LIMITED);
    const patience = { interval: 200, timeout: 10_000 };
    await expect.poll(() => ada.join("demo"), patience).toMatchObject({ ok: true });
  });

  test("[T5] who comes again and again reaches a victim no faster than one allowance", async () => {
    const server = await startServer();
    const bob = await server.connect();
    await bob.join("demo");
    const start = performance.now();
    for (let visit = 0; visit < 10; visit++) {
      const raw = await RawClient.connect(server.url);
      raw.send('420["join",{"room":"demo"}]');
      for (let n = 0; n < 489; n++) {
        raw.send(`42["candidate",{"candidate":"spam"},{"to":"${bob.id}"}]`);
      }
      const closed = raw.closed();
      raw.ws.close();
      await closed;
      await server.untilConnections(1);
    }
    await bob.settled();
    const seconds = (performance.now() - start) / 1_000;
    expect(bob.all("getCandidate").length).toBeGreaterThan(0);
    expect(bob.all("getCandidate").length).toBeLessThanOrEqual(500 + 50 * seconds);
  });
});
