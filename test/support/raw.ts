/** A client by hand: Engine.IO protocol 4 and Socket.IO protocol 5 frames over a bare WebSocket. */

import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

export class RawClient {
  readonly frames: string[] = [];
  readonly ws: WebSocket;
  private readonly waiting: (() => void)[] = [];

  /** Opens the WebSocket and, unless told otherwise, connects to the namespace `/`. */
  static async connect(
    url: string,
    { namespace = true, headers = {}, query = "" } = {},
  ): Promise<RawClient> {
    const client = new RawClient(url, headers, query);
    await once(client.ws, "open");
    if (namespace) {
      client.send("40");
      await client.frame(/^40\{/);
    }
    return client;
  }

  private constructor(url: string, headers: Record<string, string>, query: string) {
    const address = `${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket${query}`;
    this.ws = new WebSocket(address, { headers });
    this.ws.on("message", (data) => {
      this.frames.push(String(data));
      for (const resolve of this.waiting.splice(0)) resolve();
    });
    // Attacks end in resets; what matters is asserted on the server's side.
    this.ws.on("error", () => {});
    onTestFinished(() => this.ws.terminate());
  }

  send(frame: string | Uint8Array): void {
    this.ws.send(frame);
  }

  /** The first frame that matches; waits for it if need be. */
  async frame(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = this.frames.find((frame) => pattern.test(frame));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The close code, once the connection has ended. */
  async closed(): Promise<number> {
    const [code] = await once(this.ws, "close");
    return code;
  }
}
