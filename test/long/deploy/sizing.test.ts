/** The figures of "Sizing" in OPERATIONS.md that the benchmark doesn't print. */

import { expect, onTestFinished, test } from "vitest";
import { TestClient } from "../../support/client.ts";
import { MeasuredServer } from "../../support/measured.ts";
import { UNLIMITED } from "../../support/server.ts";

const PEERS = 200;

test.skipIf(process.platform !== "linux").each([[["websocket"]], [["polling", "websocket"]]])(
  "a peer in a room takes one open file, once it has connected by %s",
  async (transports) => {
    const server = await MeasuredServer.start(UNLIMITED);
    onTestFinished(() => server.stop());
    const before = await server.measure();
    const clients = await Promise.all(
      Array.from({ length: PEERS }, () => TestClient.connect(server.url, { transports })),
    );
    await Promise.all(clients.map((client, n) => client.join(`room-${n % 50}`)));
    const perPeer = async () => {
      const { descriptors } = await server.measure();
      return (descriptors - before.descriptors) / PEERS;
    };
    // What it connected by first is closed a little later.
    await expect.poll(perPeer, { interval: 500 }).toBeCloseTo(1, 1);
    console.log(`${transports}: ${(await perPeer()).toFixed(2)} open files a peer`);
  },
);
