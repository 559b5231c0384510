/** What a mesh sends, and when: no more than the server takes, however much its peers ask for. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Mesh, type MeshEvents, SignalingError } from "../../src/client/index.ts";
import { FakeSignaling, fakeConnections, settled } from "../support/fakes.ts";

async function join(...users: string[]) {
  const { made } = fakeConnections();
  const signaling = new FakeSignaling();
  signaling.joined.users = users.map((id) => ({ id, name: id }));
  const mesh = new Mesh(FakeSignaling.asClient(signaling), { channels: { chat: {} } });
  const errors: MeshEvents["error"]["error"][] = [];
  mesh.addEventListener("error", ({ error }) => errors.push(error));
  const sent = () => signaling.log.splice(0).filter((line) => line.includes(" to "));
  const start = async () => {
    await mesh.join("demo");
    await settled();
  };
  return { made, signaling, mesh, errors, sent, start };
}

const busy = (ms?: number) => new SignalingError("rate_limited", "too many events", ms);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("[T1] what the server refuses as rate_limited", () => {
  test("is sent again when it says, and what comes after goes behind it", async () => {
    const { made, signaling, mesh, errors, sent, start } = await join("Ada");
    signaling.refusal = busy(3_000);
    await start();
    made[0]?.found({ candidate: "a" });
    made[0]?.found(null);
    await settled();
    expect(sent()).toEqual(["offer 1 to Ada"]);
    signaling.refusal = undefined;
    await vi.advanceTimersByTimeAsync(2_999);
    expect(sent()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent()).toEqual(["offer 1 to Ada", "a,none to Ada"]);
    made[0]?.found(null);
    await settled();
    expect(sent()).toEqual(["none to Ada"]);
    expect(errors).toEqual([]);
    await mesh.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("candidates are sent again, too", async () => {
    const { made, signaling, sent, start } = await join("Ada");
    await start();
    signaling.refusal = busy(1_000);
    made[0]?.found(null);
    await settled();
    signaling.refusal = undefined;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent()).toEqual(["offer 1 to Ada", "none to Ada", "none to Ada"]);
  });

  test.each([undefined, 0, -5, Number.NaN])(
    "with retryAfterMs %s: one at a time, twice a second, for 30 s",
    async (ms) => {
      const { signaling, errors, sent, start } = await join("Ada", "Bob");
      signaling.refusal = busy(ms);
      await start();
      expect(sent()).toEqual(["offer 1 to Ada", "offer 1 to Bob"]);
      await vi.advanceTimersByTimeAsync(30_000);
      expect(sent()).toEqual(Array(60).fill("offer 1 to Ada"));
      expect(errors).toEqual([signaling.refusal]);
      signaling.refusal = undefined;
      await vi.advanceTimersByTimeAsync(500);
      expect(sent()).toEqual(["offer 1 to Bob"]);
      expect(errors).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test("is not sent when it is outdated by then, or the peer or we have left", async () => {
    const { signaling, mesh, errors, sent, start } = await join("Ada", "Bob");
    signaling.refusal = busy(1_000);
    await start();
    signaling.offers("Ada");
    signaling.goes("Bob");
    await settled();
    sent();
    signaling.refusal = undefined;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent()).toEqual(["answer 2 to Ada"]);
    signaling.refusal = busy(1_000);
    signaling.offers("Ada");
    await settled();
    sent();
    await mesh.leave();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([sent(), errors, vi.getTimerCount()]).toEqual([[], [], 0]);
  });
});

describe("offers of peers", () => {
  test("that come before one is answered: the newest is, in its turn", async () => {
    const { made, signaling, sent, start } = await join();
    await start();
    signaling.comes("Eve");
    signaling.offers("Eve");
    await settled();
    let answered = () => {};
    signaling.sendDescription = async ({ sdp }, to) => {
      signaling.log.push(`${sdp} to ${to}`);
      await new Promise<void>((resolve) => {
        answered = resolve;
      });
    };
    for (let count = 1; count <= 100; count++) {
      signaling.offers("Eve", `offer ${count}`);
      await settled();
    }
    signaling.trickles("Eve", "of the newest");
    answered();
    await settled();
    expect(made[0]?.log.filter((line) => line.startsWith("remote"))).toEqual([
      "remote offer of Eve",
      "remote offer 1",
      "remote offer 100",
    ]);
    expect(made[0]?.log.at(-2)).toBe("candidate of the newest");
    expect(sent()).toEqual(["answer 1 to Eve", "answer 2 to Eve", "answer 3 to Eve"]);
  });

  test("are answered within 200 events at once and 20 a second, each peer in its turn", async () => {
    const { made, signaling, sent, start } = await join();
    await start();
    for (const id of ["Eve", "Ada"]) {
      signaling.comes(id);
      signaling.offers(id);
    }
    await settled();
    // 22 events each.
    if (made[0]) made[0].sdp = "x".repeat(90_000);
    sent();
    for (let count = 0; count < 100; count++) {
      signaling.offers("Eve");
      await settled();
    }
    const answers = sent().length;
    expect(answers).toBeLessThanOrEqual(10);
    signaling.offers("Ada");
    await vi.advanceTimersByTimeAsync(5_000);
    const later = sent();
    expect(later.filter((line) => line.endsWith("to Eve")).length).toBeLessThanOrEqual(2);
    expect(later).toContain("answer 2 to Ada");
    for (let count = 0; count < 200; count++) {
      signaling.offers("Eve");
      await vi.advanceTimersByTimeAsync(100);
    }
    // 400 events in 20 s, and at most 100 from the 5 s before.
    const inTwentySeconds = sent().length;
    expect(inTwentySeconds).toBeGreaterThanOrEqual(16);
    expect(inTwentySeconds).toBeLessThanOrEqual(23);
  });

  test("one that an answer has overtaken is not taken any more", async () => {
    const { made, signaling, mesh, sent, start } = await join();
    await start();
    signaling.comes("Eve");
    signaling.offers("Eve");
    await settled();
    // It takes all there is, and more.
    for (let count = 0; count < 300; count++) made[0]?.found({ candidate: "a" });
    await vi.advanceTimersByTimeAsync(10);
    signaling.offers("Eve", "given up");
    signaling.trickles("Eve", "given up");
    made[0]?.negotiate();
    await settled();
    signaling.answers("Eve");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(made[0]?.log.join()).not.toContain("given up");
    expect(sent().at(-1)).toBe("offer 2 to Eve");
    await mesh.leave();
  });
});
