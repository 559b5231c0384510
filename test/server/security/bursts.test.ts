/** A burst within the allowance: it costs its sender time, not the others. */

import { describe, expect, test } from "vitest";
import { RawClient } from "../../support/raw.ts";
import { startServer } from "../../support/server.ts";

/** A client by hand that has joined the room. */
async function join(url: string, room: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  client.send(`420["join",{"room":"${room}"}]`);
  await client.frame(/^430\[/);
  return client;
}

describe("a burst", () => {
  test("of small events: others are served before it is handled", async () => {
    const { url } = await startServer();
    const [hostile, bystander] = [await join(url, "hostile"), await join(url, "bystanders")];
    const answered: string[] = [];
    hostile.ws.on("message", () => answered.push("hostile"));
    bystander.ws.on("message", () => answered.push("bystander"));
    for (let n = 0; n < 400; n++) hostile.send(`421["candidate",{"candidate":""}]`);
    bystander.send(`421["candidate",{"candidate":""}]`);
    await bystander.frame(/^431\[/);
    expect(answered.indexOf("bystander")).toBeLessThan(200);
    await expect.poll(() => answered.length).toBe(401);
  });

  test("of large events: others are served before it is read", async () => {
    const { url } = await startServer();
    const [hostile, bystander] = [await join(url, "hostile"), await join(url, "bystanders")];
    const answered: string[] = [];
    hostile.ws.on("message", () => answered.push("hostile"));
    bystander.ws.on("message", () => answered.push("bystander"));
    const offer = JSON.stringify(["offer", { type: "offer", sdp: "x".repeat(70_000) }]);
    for (let n = 0; n < 20; n++) hostile.send(`421${offer}`);
    bystander.send(`421["candidate",{"candidate":""}]`);
    await bystander.frame(/^431\[/);
    expect(answered.indexOf("bystander")).toBeLessThan(10);
    await expect.poll(() => answered.length).toBe(21);
  });
});
