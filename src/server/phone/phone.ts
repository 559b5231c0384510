/** A phone in the same Wi-Fi: HTTPS for it, since browsers give no camera to plain HTTP from elsewhere. */

import type { Server as HttpServer } from "node:http";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import type { TcpLimits } from "../../connections/http-server.ts";
import { createFaultLog } from "../../connections/sparse-log.ts";
import { createTlsListener, type TlsListener } from "../../connections/tls-listener.ts";
import type { Logger } from "../../log/logger.ts";
import { hostInUrl } from "../url.ts";
import { ownAddresses, ownNames } from "./addresses.ts";
import { keepCertificate, type Subjects } from "./certificate.ts";
import { roomCode } from "./code.ts";

/** Where to listen, and where the certificate is kept. */
export interface PhoneOptions {
  /** TCP port; 0 takes any free one. */
  readonly port: number;
  /** Holds the key and the certificate. Made if it isn't there. */
  readonly folder: string;
  readonly limits: TcpLimits;
  readonly log: Logger;
}

/** How phones reach the server. */
export interface PhoneAccess {
  /** For a phone in the same network, such as `https://192.168.1.5:3443/`. */
  readonly url: string;
  /** An SVG image with the link to a room; undefined if no room has this name. */
  codeFor(room: string): string | undefined;
  /** Ends it; after the HTTP server, which says goodbye to the clients. */
  close(): Promise<void>;
}

/** Why phones can't be served, and what to do about it. */
export class PhoneError extends Error {
  override readonly name = "PhoneError";
}

/**
 * Serves what an HTTP server serves to phones too, by HTTPS on all interfaces.
 *
 * @throws PhoneError when the port is taken, or the certificate can't be kept
 */
export async function serveToPhones(
  httpServer: HttpServer,
  { port, folder, limits, log }: PhoneOptions,
): Promise<PhoneAccess> {
  const addresses = ownAddresses();
  const pem = await certificateIn(folder, subjectsFor(addresses));
  const logFault = createFaultLog(log);
  const listener = createTlsListener(httpServer, { ...limits, pem }, (err) =>
    logFault({ err }, "the HTTPS server failed"),
  );
  const [address = "localhost"] = addresses;
  const url = `https://${hostInUrl(address)}:${await listenOn(listener, port)}/`;
  return { url, codeFor: (room) => roomCode(url, room), close: listener.close };
}

/** IPv6 addresses change every day (RFC 8981), so they are no reason to have phones accept a new certificate. */
function subjectsFor(addresses: readonly string[]): Subjects {
  const lasting = addresses.filter((address, index) => index === 0 || isIPv4(address));
  return { required: [...ownNames(), "127.0.0.1", "::1", ...lasting], welcome: addresses };
}

async function certificateIn(folder: string, subjects: Subjects): Promise<string> {
  try {
    return await keepCertificate(join(folder, "phone.pem"), subjects, Date.now());
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new PhoneError(
      `--phone keeps its certificate in ${folder}, which fails: ${reason}. Make that folder writable, or set XDG_CONFIG_HOME to another one.`,
    );
  }
}

async function listenOn(listener: TlsListener, port: number): Promise<number> {
  try {
    return await listener.listen(port);
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new PhoneError(
      `--phone can't listen on port ${port}: ${reason}. Name another one: --phone=8443, or --phone=0 for any free one.`,
    );
  }
}
