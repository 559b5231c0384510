/** Joins of the client that overtake each other. */

import { expect, onTestFinished, test } from "vitest";
import { SignalingClient } from "../../../src/client/index.ts";
import { startServer } from "../../support/server.ts";

test("a join that was given up takes no seat from the one that follows", async () => {
  const { url, maps } = await startServer();
  const client = new SignalingClient(url);
  onTestFinished(() => client.close());
  await client.join("before");
  const joined: string[] = [];
  client.addEventListener("join", ({ self }) => joined.push(self.id));

  const giveUp = new AbortController();
  const first = client.join("demo", { signal: giveUp.signal });
  const refused = expect(first).rejects.toThrow("changed my mind");
  // A few microtasks: until the request is out, and long before its answer is in.
  for (let turn = 0; turn < 5; turn++) await undefined;
  giveUp.abort(new Error("changed my mind"));
  await client.join("demo");
  await refused;
  expect(await client.sendDescription({ type: "offer", sdp: "" })).toMatchObject({ delivered: 0 });
  expect(maps.rooms.get("demo")?.size).toBe(1);
  expect(joined).toHaveLength(1);
});

test("a join that is given up before it was sent leaves us in the room we are in", async () => {
  const { url, maps } = await startServer();
  const client = new SignalingClient(url);
  onTestFinished(() => client.close());
  await client.join("before");
  const giveUp = new AbortController();
  const refused = expect(client.join("demo", { signal: giveUp.signal })).rejects.toThrow("no");
  giveUp.abort(new Error("no"));
  await refused;
  expect(await client.sendDescription({ type: "offer", sdp: "" })).toMatchObject({ delivered: 0 });
  expect([...maps.rooms.keys()]).toEqual(["before"]);
});
