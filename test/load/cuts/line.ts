/** TCP between one client and the server, to be cut in every way. Works outside of vitest as well. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** To the server, or from it. */
export type Direction = "up" | "down";
export type Side = "client" | "server";
export type Ending = "reset" | "fin";

/** What of a chunk goes on. */
type Rule = (chunk: Buffer) => Buffer;

const NOTHING = Buffer.alloc(0);
const PASS: Rule = (chunk) => chunk;
const LOSE: Rule = () => NOTHING;
/** For a port to be free again. */
const LISTEN_TRIES = 200;

/** One TCP connection of a client, in two halves. */
export class Strand {
  readonly closed: Promise<unknown>;
  private readonly ends: Record<Side, Socket>;
  private readonly lagMs: number;
  private readonly rules: Record<Direction, Rule> = { up: PASS, down: PASS };
  private isCut = false;

  constructor(client: Socket, port: number, lagMs: number) {
    const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.ends = { client, server };
    this.lagMs = lagMs;
    this.closed = Promise.all(
      [client, server].map((end) => new Promise((r) => end.once("close", r))),
    );
    this.pipe("up", client, server);
    this.pipe("down", server, client);
  }

  /** Looks at each chunk of one direction, and gives what of it goes on. */
  filter(direction: Direction, rule: Rule): void {
    this.rules[direction] = rule;
  }

  /** From now on nothing arrives in this direction. */
  lose(direction: Direction): void {
    this.rules[direction] = LOSE;
  }

  /** Ends it for the sides named; the others notice nothing, and hear nothing more. */
  cut(ending: Ending, sides: readonly Side[] = ["client", "server"]): void {
    this.isCut = true;
    for (const side of sides) {
      if (ending === "reset") this.ends[side].resetAndDestroy();
      else this.ends[side].end();
    }
  }

  /** Passes `bytes` of what comes next in this direction, at most; then cuts. */
  cutWithin(direction: Direction, bytes: number, ending: Ending): void {
    let left = bytes;
    this.filter(direction, (chunk) => {
      const part = chunk.subarray(0, Math.min(left, chunk.length - 1));
      left -= part.length;
      if (part.length === chunk.length) return chunk;
      this.lose("up");
      this.lose("down");
      // A reset at once could overtake the part.
      setTimeout(() => this.cut(ending), this.lagMs + 1);
      return part;
    });
  }

  destroy(): void {
    this.isCut = true;
    for (const end of Object.values(this.ends)) end.destroy();
  }

  private pipe(direction: Direction, from: Socket, to: Socket): void {
    from.setNoDelay(true);
    // A reset is an end as good as any; "close" follows.
    from.on("error", () => {});
    from.on("data", (chunk) => {
      const part = this.rules[direction](chunk);
      if (part.length > 0) this.later(() => to.write(part));
    });
    from.on("end", () => {
      // What is cut has no other half to answer.
      if (this.isCut) from.end();
      else this.later(() => to.end());
    });
    from.on("close", (hadError) => {
      this.later(() => (hadError ? to.resetAndDestroy() : to.destroySoon()));
    });
  }

  /** What was under way at a cut is lost. */
  private later(action: () => void): void {
    const act = () => !this.isCut && action();
    if (this.lagMs === 0) act();
    else setTimeout(act, this.lagMs);
  }
}

/** All the connections of one client, through a port of its own. */
export class Line {
  readonly strands = new Set<Strand>();
  /** Called with each new connection; whether it has done its work, and needn't be called again. */
  private readonly ambushes = new Set<(strand: Strand) => boolean>();
  private readonly targetPort: number;
  private readonly lagMs: number;
  private server: Server;
  private port = 0;

  static async open(target: string, lagMs = 0): Promise<Line> {
    const line = new Line(Number(new URL(target).port), lagMs);
    await line.listen();
    return line;
  }

  private constructor(targetPort: number, lagMs: number) {
    this.targetPort = targetPort;
    this.lagMs = lagMs;
    this.server = this.createServer();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Cuts every connection there is. */
  cut(ending: Ending, sides?: readonly Side[]): void {
    for (const strand of this.strands) strand.cut(ending, sides);
  }

  /** Calls `onStrand` for each new connection until it returns true. */
  ambush(onStrand: (strand: Strand) => boolean): () => void {
    this.ambushes.add(onStrand);
    return () => this.ambushes.delete(onStrand);
  }

  /** New connections are refused, until `accept`. */
  refuse(): void {
    this.server.close();
  }

  async accept(): Promise<void> {
    this.server = this.createServer();
    await this.listen();
  }

  close(): void {
    this.server.close();
    for (const strand of this.strands) strand.destroy();
  }

  private createServer(): Server {
    return createServer({ allowHalfOpen: true }, (client) => {
      const strand = new Strand(client, this.targetPort, this.lagMs);
      this.strands.add(strand);
      void strand.closed.then(() => this.strands.delete(strand));
      for (const ambush of this.ambushes) if (ambush(strand)) this.ambushes.delete(ambush);
    });
  }

  private async listen(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        this.server.listen(this.port, "127.0.0.1");
        await once(this.server, "listening");
        break;
      } catch (error) {
        // Another connection of the machine may have the port for a moment.
        if (tries === LISTEN_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    const address = this.server.address();
    if (!address || typeof address === "string") throw new Error("not listening on a port");
    this.port = address.port;
  }
}
