/** Signaling as an application has it: with options in code, or on an HTTP server of its own. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server as HttpServer, type RequestListener } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  type AttachOptions,
  attachSignaling,
  createSignalingServer,
  type SignalingServerOptions,
} from "../../src/index.ts";
import { type ConnectOptions, TestClient } from "./client.ts";
import { temporaryFolder } from "./files.ts";

/** Starts a server with these options. Closed when the test ends. */
export async function startWith(options: SignalingServerOptions) {
  const server = createSignalingServer({
    port: 0,
    host: "127.0.0.1",
    logLevel: "silent",
    ...options,
  });
  const url = `http://127.0.0.1:${await server.listen()}`;
  onTestFinished(() => server.close());
  return {
    ...server,
    url,
    connect: (options?: ConnectOptions) => TestClient.connect(url, options),
  };
}

/** Attaches signaling, silent, to a server that listens then. Both are closed when the test ends. */
export async function attachTo(httpServer: HttpServer | HttpsServer, options: AttachOptions = {}) {
  const signaling = attachSignaling(httpServer, { logLevel: "silent", ...options });
  const url = await listen(httpServer);
  const { path = "/socket.io" } = options;
  onTestFinished(() => signaling.close());
  return {
    ...signaling,
    url,
    connect: (options?: ConnectOptions) =>
      TestClient.connect(url, { path, rejectUnauthorized: false, ...options }),
  };
}

/** Listens on a port of its own; gives the URL. Closed when the test ends. */
export async function listen(server: HttpServer | HttpsServer): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `${server instanceof HttpsServer ? "https" : "http"}://127.0.0.1:${port}`;
}

/** An application's server that answers every request of its own. */
export function createApplication(answer: RequestListener = (_, response) => response.end("app")) {
  return createServer(answer);
}

/** A key and a certificate signed with it, good for a day. */
export function createCertificate(): { key: Buffer; cert: Buffer } {
  const folder = temporaryFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  execFileSync(
    "openssl",
    "req -x509 -nodes -days 1 -subj /CN=localhost"
      .split(" ")
      .concat(kind, "-keyout", key, "-out", cert),
    { stdio: "ignore" },
  );
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
