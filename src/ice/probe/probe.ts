/** Asks every configured STUN and TURN server the way a browser would, and says what is wrong. */

import { BlockList, isIPv4 } from "node:net";
import { grantIce } from "../grant.ts";
import type { IceOptions, TurnAuth } from "../options.ts";
import { type IceUrl, parseIceUrl } from "../url.ts";
import type { TransportAddress } from "./stun-address.ts";
import { connectStun, type StunConnection } from "./stun-connection.ts";
import {
  type Allocation,
  allocate,
  askForAddress,
  type Credential,
  StunRefusal,
} from "./turn-client.ts";

/** How long one server may take for everything, in milliseconds. */
const LIMIT_MS = 5_000;

/** Public addresses that no relay has a reason to deny: a.root-servers.net. Nothing is sent to them. */
const PUBLIC_PEER = { ipv4: "198.41.0.4", ipv6: "2001:503:ba3e::2:30" };

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
    [urls].flat().map((url) => probe(url, { username, password: credential }, options, limitMs)),
  );
  return Promise.all(probes);
}

/** A log that takes warnings, such as pino's. */
interface WarningLog {
  warn(fields: object, message: string): void;
}

/** Logs a warning for each server that doesn't work. */
export async function warnOfIceFaults(
  options: IceOptions,
  nowMs: number,
  log: WarningLog,
): Promise<void> {
  for (const { url, fault } of await probeIceServers(options, nowMs)) {
    if (fault) log.warn({ url, fault }, "peers can't use a STUN or TURN server");
  }
}

async function probe(
  text: string,
  credential: Credential,
  options: IceOptions,
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
      if (url.service === "stun") await askForAddress(connection);
      const found = url.service === "turn" && (await probeRelay(connection, credential, options));
      return { url: text, reachable: true, ...found, milliseconds: milliseconds() };
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
      fault: signal.aborted ? noAnswer(url, limitMs) : explain(error, url, options.turnAuth),
    };
  }
}

/** Whether this server relays, for whom, and to whom. */
async function probeRelay(
  connection: StunConnection,
  credential: Credential,
  { iceTransportPolicy }: IceOptions,
): Promise<Pick<IceProbe, "credential" | "relay" | "fault" | "remark">> {
  const allocation = await allocate(connection, credential);
  const { relay, signed } = allocation;
  const faults: string[] = [];
  const remarks: string[] = [];
  if (!signed) faults.push("it asks for no credential, so anybody may use it");
  const denial = await denialOf(PUBLIC_PEER[isIPv4(relay.address) ? "ipv4" : "ipv6"], allocation);
  if (denial) {
    const hint = denial.code === 403 ? "; see denied-peer-ip" : "";
    faults.push(`it reaches nobody: it refuses a public address (${denial.message})${hint}`);
  }
  if (isPrivate(relay.address)) {
    remarks.push("note: only its own network reaches this relay address; see external-ip");
  } else if (!denial && (await denialOf(relay.address, allocation))) {
    // Where both peers relay, each is a peer at the server's own address to the other's relay.
    const list = iceTransportPolicy === "relay" ? faults : remarks;
    list.push(
      "two peers that both relay through it can't connect; see external-ip and allowed-peer-ip",
    );
  }
  await allocation.release();
  return {
    ...(signed && { credential: "accepted" }),
    relay: inWriting(relay),
    ...(faults.length > 0 && { fault: faults.join("; ") }),
    ...(remarks.length > 0 && { remark: remarks.join("; ") }),
  };
}

/** Why the server relays nothing to this address, if it doesn't. */
async function denialOf(address: string, allocation: Allocation): Promise<StunRefusal | undefined> {
  try {
    await allocation.createPermission(address);
  } catch (error) {
    if (error instanceof StunRefusal) return error;
    throw error;
  }
  return undefined;
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
