/** Two peers that go on with their call while something hostile happens to their server. */

import { expect, onTestFinished } from "vitest";
import { TestClient } from "./client.ts";
import { MeasuredServer } from "./measured.ts";

/** Starts a server of its own process; stopped when the test ends. */
export async function startMeasured(env: Record<string, string> = {}): Promise<MeasuredServer> {
  const server = await MeasuredServer.start(env);
  onTestFinished(() => server.stop());
  return server;
}

export class Bystanders {
  readonly ada: TestClient;
  readonly bob: TestClient;
  private sent = 0;

  static async join(url: string, room = "bystanders"): Promise<Bystanders> {
    const [ada, bob] = [await TestClient.connect(url), await TestClient.connect(url)];
    await ada.join(room, "Ada");
    await bob.join(room, "Bob");
    return new Bystanders(ada, bob);
  }

  private constructor(ada: TestClient, bob: TestClient) {
    this.ada = ada;
    this.bob = bob;
  }

  /** A message to and fro, in order; gives the milliseconds it took. */
  async ping(): Promise<number> {
    const start = performance.now();
    const sdp = `message ${this.sent++}`;
    const sent = this.ada.offer(sdp, { to: this.bob.id });
    expect(await this.bob.next("getOffer")).toEqual([
      { type: "offer", sdp },
      { from: this.ada.id },
    ]);
    expect(await sent).toEqual({ ok: true, delivered: 1 });
    return performance.now() - start;
  }

  /** Fails unless the server runs on, the next messages arrive, and nothing else has. */
  async areUnharmed(server: MeasuredServer): Promise<void> {
    for (let n = 0; n < 3; n++) await this.ping();
    expect(JSON.stringify([this.ada.received, this.bob.received])).not.toContain("attack");
    expect(this.bob.all("user_exit")).toEqual([]);
    expect(server.hasEnded).toBe(false);
    expect(server.output).toBe("");
  }
}
