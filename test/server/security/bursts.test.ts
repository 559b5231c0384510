/** A burst within the allowance: it costs its sender time, not the others. */

import { expect, test } from "vitest";
import { RawClient } from "../../support/raw.ts";
import { startServer } from "../../support/server.ts";

/** A client by hand that has joined the room. */
async function join(url: string, room: string): Promise<RawClient> {
  const client = await RawClient.connect(url);
  client.send(`420["join",{"room":"${room}"}]`);
  await client.frame(/^430\[/);
  return client;
}

const SMALL = ["candidate", { candidate: "" }];
const LARGE = ["offer", { type: "offer", sdp: "x".repeat(70_000) }];

test.each([
  { size: "small", event: SMALL, count: 400 },
  { size: "large", event: LARGE, count: 20 },
])("a burst of $size events: others are served in between", async ({ event, count }) => {
  const { url } = await startServer();
  const [hostile, bystander] = [await join(url, "hostile"), await join(url, "bystanders")];
  const answered: string[] = [];
  hostile.ws.on("message", () => answered.push("hostile"));
  bystander.ws.on("message", () => answered.push("bystander"));
  for (let n = 0; n < count; n++) hostile.send(`421${JSON.stringify(event)}`);
  bystander.send(`421${JSON.stringify(SMALL)}`);
  await bystander.frame(/^431\[/);
  expect(answered.indexOf("bystander")).toBeLessThan(count / 2);
  await expect.poll(() => answered.length).toBe(count + 1);
});
