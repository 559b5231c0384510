import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { SignalingClient } from "../../src/client/index.ts";

test("a WebSocket that closes before Engine.IO has opened it is a failed try", async () => {
  // The next try is at once.
  const random = vi.spyOn(Math, "random").mockReturnValue(0);
  const server = new WebSocketServer({ port: 0 });
  server.on("connection", (webSocket) => webSocket.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const client = new SignalingClient(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
  onTestFinished(() => {
    random.mockRestore();
    client.close();
    server.close();
  });
  await once(server, "connection");
  const start = performance.now();
  for (let tries = 0; tries < 3; tries++) await once(server, "connection");
  // Noticed by its timeout alone, each takes 4 s.
  expect(performance.now() - start).toBeLessThan(3_000);
});
