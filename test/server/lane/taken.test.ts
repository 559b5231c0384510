/** What takes the lane, and what doesn't: without it, a comparison would be of the usual way with itself. */

import { expect, onTestFinished, test, vi } from "vitest";
import { startServer, type TestServer } from "../../support/server.ts";
import { gather, offer } from "./peers.ts";

/** What Socket.IO decodes from now on. */
function watchDecoder({ io }: TestServer): unknown[] {
  const { Decoder }: { Decoder: new () => object } = Reflect.get(io, "_parser");
  const add = vi.spyOn(Decoder.prototype, "add" as never);
  onTestFinished(() => add.mockRestore());
  return add.mock.calls;
}

const TAKEN = [
  offer("x"),
  offer("x", 7),
  '42["answer",{"type":"answer","sdp":"x"},{"to":"nobody"}]',
  '420["candidate",null]',
  '42["candidates",[{"candidate":"c"}]]',
  // What the handler refuses, too.
  '421["offer",5,"six"]',
];
const NOT_TAKEN = [
  `42007${offer("x").slice(2)}`,
  `4299999999999${offer("x").slice(2)}`,
  `42 ${offer("x").slice(2)}`,
  `42/,${offer("x").slice(2)}`,
  '42["offer" ,null]',
  '42["offer"]',
  '42["leave"]',
];

test.each([
  [true, TAKEN, 0],
  [true, NOT_TAKEN, NOT_TAKEN.length],
  [false, TAKEN, TAKEN.length],
])("with a lane: %s; of %j, %i are decoded by Socket.IO", async (lane, frames, count) => {
  const server = await startServer({}, { lane });
  const [ada] = await gather(server, {}, {});
  const decoded = watchDecoder(server);
  for (const frame of frames) await ada.send([frame], "at once");
  // For each, whether everything was handled was asked as well.
  expect(decoded.length - frames.length).toBe(count);
});

test("what is relayed on the lane goes past Engine.IO's queue while nothing waits there", async () => {
  const packets = { true: 0, false: 0 };
  for (const lane of [true, false]) {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, {}, {});
    (bob.seat?.conn as NodeJS.EventEmitter | undefined)?.on("packetCreate", () => {
      packets[`${lane}`]++;
    });
    await ada.send([offer(1), offer(2), offer(3)], "at once");
  }
  expect(packets).toEqual({ true: 0, false: 3 });
});
