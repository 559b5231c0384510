/** Asks every configured STUN and TURN server the way a browser would, and says what is wrong. */

import { BlockList, isIPv4 } from "node:net";
import type { Logger } from "../../logger.ts";
import { grantIce } from "../grant.ts";
import type { IceOptions, TurnAuth } from "../options.ts";
import { type IceUrl, parseIceUrl } from "../url.ts";
import { connectStun } from "./stun-connection.ts";
import type { TransportAddress } from "./stun-message.ts";
import { askForAddress, askForRelay, StunRefusal } from "./turn-client.ts";

/** How long one server may take for everything, in milliseconds. */
const LIMIT_MS = 5_000;

/** How one server did. */
export interface IceProbe {
  readonly url: string;
  readonly reachable: boolean;
  /** Absent where none is needed, or as long as it isn't known. */
  readonly credential?: "accepted" | "refused";
  /** Where the peers would be heard. */
  readonly relay?: string;
  readonly milliseconds: number;
  /** What is wrong, and what to do about it. */
  readonly fault?: string;
  /** What works, and may still not be meant so. */
  readonly remark?: string;
}

/** Asks all of them at once, which takes `limitMs` at most. What fails is told, not thrown. */
export async function probeIceServers(
  options: IceOptions,
  nowMs: number,
  limitMs = LIMIT_MS,
): Promise<IceProbe[]> {
  const { iceServers } = grantIce(options, "ice-check", nowMs);
  const probes = iceServers.flatMap(({ urls, username = "", credential = "" }) =>
    [urls]
      .flat()
      .map((url) => probe(url, { username, password: credential }, options.turnAuth, limitMs)),
  );
  return Promise.all(probes);
}

/** Warns of each server that doesn't work. */
export async function warnOfIceFaults(options: IceOptions, nowMs: number, log: Logger) {
  for (const { url, fault } of await probeIceServers(options, nowMs)) {
    if (fault) log.warn({ url, fault }, "peers can't use a STUN or TURN server");
  }
}

async function probe(
  text: string,
  credential: { username: string; password: string },
  auth: TurnAuth,
  limitMs: number,
): Promise<IceProbe> {
  const url = parseIceUrl(text);
  if (!url) throw new Error("the configuration has let a malformed URL pass");
  const start = performance.now();
  const milliseconds = () => Math.round(performance.now() - start);
  const signal = AbortSignal.timeout(limitMs);
  try {
    const connection = await connectStun(url, signal);
    try {
      if (url.service === "stun") {
        await askForAddress(connection);
        return { url: text, reachable: true, milliseconds: milliseconds() };
      }
      const { relay, signed } = await askForRelay(connection, credential);
      return {
        url: text,
        reachable: true,
        ...(signed && { credential: "accepted" }),
        relay: inWriting(relay),
        milliseconds: milliseconds(),
        ...(!signed && { fault: "it asks for no credential, so anybody may use it" }),
        ...(isPrivate(relay.address) && {
          remark: "note: only its own network reaches this relay address; see external-ip",
        }),
      };
    } finally {
      connection.close();
    }
  } catch (error) {
    const refused = error instanceof StunRefusal;
    return {
      url: text,
      reachable: refused,
      ...(refused && error.code === 401 && { credential: "refused" }),
      milliseconds: milliseconds(),
      fault: signal.aborted ? noAnswer(url, limitMs) : explain(error, url, auth),
    };
  }
}

function inWriting({ address, port }: TransportAddress): string {
  return isIPv4(address) ? `${address}:${port}` : `[${address}]:${port}`;
}

function noAnswer({ transport, port }: IceUrl, limitMs: number): string {
  const protocol = transport === "udp" ? "UDP" : "TCP";
  return `no answer within ${limitMs / 1_000} s; does a firewall let ${protocol} port ${port} pass?`;
}

function explain(error: unknown, { transport, port }: IceUrl, auth: TurnAuth): string {
  if (error instanceof StunRefusal) return explainRefusal(error, auth);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens on ${transport === "udp" ? "UDP" : "TCP"} port ${port} there`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "its name leads to no address";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "there is no way to it from here";
  }
  const reason = error instanceof Error ? error.message : String(error);
  return /CERT|SSL|TLS|VERIFY|EPROTO/.test(code) ? `TLS fails: ${reason}` : reason;
}

function explainRefusal({ code, message, signed }: StunRefusal, auth: TurnAuth): string {
  switch (code) {
    case 401:
      if (!signed) return "it wants a credential, which browsers don't send for STUN";
      return auth.kind === "fixed"
        ? "it refuses TURN_USERNAME and TURN_PASSWORD"
        : "it refuses the credential: TURN_SECRET isn't its static-auth-secret, or a clock is wrong";
    case 486:
      return "its quota is used up (486)";
    case 508:
      return "it has no relay left to give (508); are its ports from min-port to max-port enough?";
    default:
      return `it refuses: ${message}`;
  }
}

/** Whether only some see this address: loopback, link-local, private, or shared by a provider. */
function isPrivate(address: string): boolean {
  const ranges = new BlockList();
  ranges.addSubnet("10.0.0.0", 8);
  ranges.addSubnet("100.64.0.0", 10);
  ranges.addSubnet("127.0.0.0", 8);
  ranges.addSubnet("169.254.0.0", 16);
  ranges.addSubnet("172.16.0.0", 12);
  ranges.addSubnet("192.168.0.0", 16);
  ranges.addSubnet("::1", 128, "ipv6");
  ranges.addSubnet("fc00::", 7, "ipv6");
  ranges.addSubnet("fe80::", 10, "ipv6");
  return ranges.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}
