/** 1,000 well-behaved peers in rooms of four, who go on with their calls while somebody attacks. */

import { once } from "node:events";
import { Agent, get } from "node:http";
import { join, type Peer } from "./peer.ts";

const ROOM_SIZE = 4;
const PEERS_PER_ADDRESS = 90;
/** Each peer sends this often. */
const INTERVAL_MS = 1_000;
const HEALTH_INTERVAL_MS = 50;
/** As long as a message may be under way before it counts as lost. */
const LOST_AFTER_MS = 5_000;

const CANDIDATE = "candidate:842163049 1 udp 1677729535 192.0.2.1 54321 typ srflx";

/** What the crowd has seen since it was last asked. */
export interface Seen {
  /** Milliseconds of the slowest answer of `GET /health`, on a connection that is kept. */
  worstHealthMs: number;
  /** The same, each on a new connection. */
  worstNewHealthMs: number;
  /** The slowest of all messages but one in a hundred, in milliseconds. */
  p99Ms: number;
  sent: number;
  lost: number;
  /** Peers that were cut off. */
  gone: number;
}

export class Crowd {
  private readonly url: string;
  private readonly peers: Peer[];
  private readonly underWay = new Map<number, number>();
  private delays: number[] = [];
  private health = 0;
  private newHealth = 0;
  private sent = 0;
  private lost = 0;
  private gone = 0;
  private count = 0;

  /** Seats `size` peers, from as many addresses as the limit for each demands. */
  static async seat(url: string, size: number, token: string): Promise<Crowd> {
    const peers: Peer[] = [];
    for (let n = 0; n < size; n += ROOM_SIZE) {
      const seats = Array.from({ length: Math.min(ROOM_SIZE, size - n) }, (_, i) =>
        join(url, addressOf(n + i), `crowd-${n / ROOM_SIZE}`, token),
      );
      peers.push(...(await Promise.all(seats)));
    }
    return new Crowd(url, peers);
  }

  private constructor(url: string, peers: Peer[]) {
    this.url = url;
    this.peers = peers;
    for (const { ws } of peers) {
      ws.on("message", (data) => this.receive(String(data)));
      ws.on("close", () => this.gone++);
    }
    peers.forEach((_, n) => {
      setTimeout(() => setInterval(() => this.send(n), INTERVAL_MS), (n % 1_000) + 1);
    });
    const kept = new Agent({ keepAlive: true });
    setInterval(async () => {
      this.health = Math.max(this.health, await this.askHealth(kept));
    }, HEALTH_INTERVAL_MS);
    setInterval(async () => {
      this.newHealth = Math.max(this.newHealth, await this.askHealth(false));
    }, HEALTH_INTERVAL_MS);
  }

  /** What was seen since the last call. */
  take(): Seen {
    const now = performance.now();
    for (const [id, at] of this.underWay) {
      if (now - at < LOST_AFTER_MS) continue;
      this.underWay.delete(id);
      this.lost++;
    }
    const delays = this.delays.sort((a, b) => a - b);
    const seen = {
      worstHealthMs: this.health,
      worstNewHealthMs: this.newHealth,
      p99Ms: delays[Math.floor(delays.length * 0.99)] ?? 0,
      sent: this.sent,
      lost: this.lost,
      gone: this.gone,
    };
    this.delays = [];
    this.health = 0;
    this.newHealth = 0;
    this.sent = 0;
    this.lost = 0;
    this.gone = 0;
    return seen;
  }

  /** Each to the next one in its room. */
  private send(n: number): void {
    const from = this.peers[n];
    const next = n % ROOM_SIZE === ROOM_SIZE - 1 ? n - ROOM_SIZE + 1 : n + 1;
    const to = this.peers[next];
    if (!from || !to || from.ws.readyState !== from.ws.OPEN) return;
    const id = this.count++;
    this.underWay.set(id, performance.now());
    this.sent++;
    const candidate = { candidate: CANDIDATE, usernameFragment: `n${id}n` };
    from.ws.send(`42${JSON.stringify(["candidate", candidate, { to: to.id }])}`);
  }

  private receive(data: string): void {
    const [, id] = /^42\["getCandidate",.*"n(\d+)n"/.exec(data) ?? [];
    const at = this.underWay.get(Number(id));
    if (at === undefined) return;
    this.underWay.delete(Number(id));
    this.delays.push(performance.now() - at);
  }

  /** Milliseconds until the answer. */
  private async askHealth(agent: Agent | false): Promise<number> {
    const start = performance.now();
    const request = get(`${this.url}/health`, { agent, timeout: LOST_AFTER_MS });
    request.on("timeout", () => request.destroy(new Error("no answer")));
    try {
      const [response] = await once(request, "response");
      response.resume();
      await once(response, "end");
    } catch {
      // As slow as it took to fail.
    }
    return performance.now() - start;
  }
}

/** 127.0.1.1 and on. */
function addressOf(n: number): string {
  return `127.0.1.${1 + Math.floor(n / PEERS_PER_ADDRESS)}`;
}
