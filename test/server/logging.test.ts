import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createLogger } from "../../src/log/logger.ts";
import { startServer } from "../support/server.ts";

describe("logging", () => {
  test("at its most talkative the log holds no SDP, candidate, name or address", async () => {
    const server = await startServer({ LOG_LEVEL: "trace" });
    const [ada, bob] = [await server.connect(), await server.connect()];
    await ada.join("demo", "canary-name");
    await bob.join("demo");
    await ada.offer("canary-sdp 198.51.100.7");
    await ada.request("candidate", { candidate: "canary-candidate 198.51.100.7" });
    // Refused ones as well, where a log line is most tempting.
    await ada.request("offer", { type: "canary-sdp", sdp: 7 });
    await ada.request("candidate", { candidate: ["canary-candidate"] });
    await ada.request("join", { room: "canary room 198.51.100.7" });
    await ada.request("canary-event v=0 198.51.100.7");
    ada.socket.disconnect();
    await bob.next("user_exit");
    const log = server.log.join("");
    expect(log).toContain('"joined"');
    expect(log).toContain('"left"');
    expect(log).toContain('"refused"');
    expect(log).not.toMatch(/canary|198\.51|127\.0\.0\.1|::1/);
  });

  test("one JSON line an event", async () => {
    const server = await startServer({ LOG_LEVEL: "info" });
    const ada = await server.connect();
    await ada.join("demo");
    expect(server.log).toHaveLength(1);
    expect(JSON.parse(server.log[0] ?? "")).toEqual({
      level: "info",
      time: expect.any(String),
      msg: "joined",
      peer: ada.id,
      room: "demo",
      peers: 1,
    });
  });

  test("readable when asked for", () => {
    let text = "";
    const destination = new Writable({
      write(chunk, _encoding, done) {
        text += chunk;
        done();
      },
    });
    createLogger({ level: "info", pretty: true, destination }).info({ room: "demo" }, "joined");
    expect(text).toMatch(/INFO.*joined/);
    expect(text).toContain("demo");
    expect(text).not.toContain('"level"');
  });
});
