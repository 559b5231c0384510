/** A server that serves phones as well, by HTTPS. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parseConfig } from "../../src/config/config.ts";
import { createLogger } from "../../src/log/logger.ts";
import { type PhoneAccess, serveToPhones } from "../../src/server/phone/phone.ts";
import { temporaryFolder } from "./files.ts";
import { startServer } from "./server.ts";

/** Starts it in this process, with a certificate of its own. Closed when the test ends. */
export async function startWithPhone(env: Record<string, string> = {}) {
  let phone: PhoneAccess | undefined;
  const server = await startServer(env, { phone: () => phone });
  const folder = temporaryFolder();
  const options = {
    port: 0,
    folder,
    limits: parseConfig(env),
    log: createLogger({ level: "silent" }),
  };
  const access = await serveToPhones(server.httpServer, options);
  onTestFinished(() => access.close());
  phone = access;
  return {
    ...server,
    phone: access,
    /** As a phone opens it, without the slash at its end. */
    phoneUrl: access.url.slice(0, -1),
    /** The certificate. */
    ca: readFileSync(join(folder, "phone.pem"), "utf8"),
  };
}
