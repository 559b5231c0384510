/** Tests each configured STUN and TURN server the way a browser uses it, and reports what is wrong. */

import { BlockList, isIPv4 } from "node:net";
import { grantIce } from "../grant.ts";
import type { IceOptions } from "../options.ts";
import { parseIceUrl } from "../url.ts";
import { explain, noAnswer } from "./explain.ts";
import type { TransportAddress } from "./stun-address.ts";
import { connectStun, type StunConnection } from "./stun-connection.ts";
import {
  type Allocation,
  allocate,
  askForAddress,
  type Credential,
  StunRefusal,
} from "./turn-client.ts";

/** Time limit for all requests to one server. */
const LIMIT_MS = 5_000;

/** Public addresses that every relay should allow: a.root-servers.net. Nothing is sent to them. */
const PUBLIC_PEER = { ipv4: "198.41.0.4", ipv6: "2001:503:ba3e::2:30" };

/** The result for one server. */
export interface IceProbe {
  readonly url: string;
  readonly reachable: boolean;
  /** Absent if none is needed, or if the server didn't get that far. */
  readonly credential?: "accepted" | "refused";
  /** The address that it relays from. */
  readonly relay?: string;
  readonly milliseconds: number;
  /** What is wrong, and what to do about it. */
  readonly fault?: string;
  /** What works but may be unintended. */
  readonly remark?: string;
}

/** Tests all servers at once, within `limitMs`. Failures are in the results; nothing is thrown. */
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
  if (!url) throw new Error("a URL that the configuration should have refused");
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

/** Whether this server relays, asks for a credential, and allows public addresses. */
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
    relay: format(relay),
    ...(faults.length > 0 && { fault: faults.join("; ") }),
    ...(remarks.length > 0 && { remark: remarks.join("; ") }),
  };
}

/** The server's refusal to relay to this address, if it refuses. */
async function denialOf(address: string, allocation: Allocation): Promise<StunRefusal | undefined> {
  try {
    await allocation.createPermission(address);
  } catch (error) {
    if (error instanceof StunRefusal) return error;
    throw error;
  }
  return undefined;
}

function format({ address, port }: TransportAddress): string {
  return isIPv4(address) ? `${address}:${port}` : `[${address}]:${port}`;
}

/** Whether an address isn't reachable from everywhere: loopback, link-local, private or carrier-grade NAT. */
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
