/** What is too large for the server, said before it ends the connection for it. */

import { expect, onTestFinished, test } from "vitest";
import { SignalingClient } from "../../../src/client/index.ts";
import { startServer } from "../../support/server.ts";

test("an answer or candidates over a limit are too_large, and the connection goes on", async () => {
  const server = await startServer();
  const client = new SignalingClient(server.url, { transports: ["websocket"] });
  onTestFinished(() => client.close());
  const lost: unknown[] = [];
  client.addEventListener("disconnect", (event) => lost.push(event));
  await client.join("demo");
  await expect(
    client.sendDescription({ type: "answer", sdp: "x".repeat(200_000) }),
  ).rejects.toMatchObject({ name: "SignalingError", code: "too_large" });
  const candidate = { candidate: "x".repeat(2_000), sdpMid: "x".repeat(10_000) };
  await expect(client.sendCandidates(Array(64).fill(candidate))).rejects.toThrow("sdpMid is over");
  expect(await client.sendDescription({ type: "answer", sdp: "x" })).toMatchObject({
    delivered: 0,
  });
  expect(lost).toEqual([]);
});
