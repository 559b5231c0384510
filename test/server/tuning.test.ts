import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { coalesceWrites } from "../../src/connections/tuning.ts";
import { startServer } from "../support/server.ts";

/** A connection that records what goes out in one piece. */
class Recorder extends Duplex {
  readonly pieces: string[] = [];

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.pieces.push(String(chunk));
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.pieces.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString());
    done();
  }

  /** Writes a frame as ws does. */
  send(header: string, payload: string): void {
    this.cork();
    this.write(header);
    this.write(payload);
    this.uncork();
  }
}

function upgraded(): Recorder {
  const httpServer = createServer();
  const connection = new Recorder();
  coalesceWrites(httpServer);
  httpServer.emit("upgrade", {}, connection);
  return connection;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("what is sent in one turn goes out in one piece, in order, and nothing waits longer", async () => {
  const connection = upgraded();
  for (const frame of ["1", "2", "3"]) connection.send("h", frame);
  expect(connection.pieces).toEqual([]);
  await turn();
  expect(connection.pieces).toEqual(["h1h2h3"]);
  connection.send("h", "4");
  await turn();
  expect(connection.pieces).toEqual(["h1h2h3", "h4"]);
});

test("a connection that is ended in the same turn sends what it was given", async () => {
  const connection = upgraded();
  connection.send("h", "1");
  connection.end("bye");
  await turn();
  expect(connection.pieces.join("")).toBe("h1bye");
});

test.each([{ transports: ["websocket"] }, { transports: ["polling", "websocket"] }])(
  "nothing is kept of the handshake's headers: %j",
  async (options) => {
    const server = await startServer();
    const requests: IncomingMessage[] = [];
    const watch = (request: IncomingMessage) => void requests.push(request);
    server.io.engine.on("initial_headers", (_headers: unknown, request: IncomingMessage) =>
      watch(request),
    );
    server.httpServer.on("upgrade", watch);
    const client = await server.connect(options);
    const { engine } = client.socket.io;
    if (engine.transport.name !== "websocket") {
      await new Promise((resolve) => engine.once("upgrade", resolve));
    }
    expect(await client.join("demo")).toMatchObject({ ok: true });
    expect(requests.length).toBeGreaterThan(0);
    for (const { headers, rawHeaders } of requests) {
      expect(headers).toEqual({});
      expect(rawHeaders).toEqual([]);
    }
  },
);
