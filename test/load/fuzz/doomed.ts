/** A TCP connection that breaks off at a random point, in a random way. */

import { connect, type Socket } from "node:net";
import type { Random } from "../../support/random.ts";
import { FIN, frame, OPCODE } from "../../support/wire.ts";

/** For how long to wait for an answer, and at most before a reset that comes late. */
const ANSWER_MS = 250;
const LATE_RESET_MS = 20;
/** After how many calls of `say` and `hear` at most it breaks off. */
const MAX_STEPS = 12;

/** What `say` and `hear` throw when the connection is to be killed. */
export class Killed extends Error {}

export class DoomedConnection {
  readonly closed: Promise<void>;
  private readonly socket: Socket;
  private readonly random: Random;
  private steps: number;
  private received = "";
  private heard = () => {};

  constructor(port: number, random: Random) {
    this.random = random;
    this.steps = random.upTo(MAX_STEPS);
    this.socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    this.socket.setNoDelay(true).setEncoding("latin1");
    this.socket.on("error", () => {});
    this.socket.on("data", (text: string) => {
      this.received += text;
      this.heard();
    });
    this.socket.on("end", () => this.heard());
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  /** Sends it; or part of it, if it is the last that this connection sends. */
  say(words: string | Buffer): void {
    const bytes = Buffer.from(words);
    if (this.steps-- > 0) return void this.socket.write(bytes);
    this.socket.write(bytes.subarray(0, this.random.upTo(bytes.length)));
    throw new Killed();
  }

  /** Waits for an answer; gives the pattern's group, or `""` when none comes in time. */
  async hear(pattern: RegExp): Promise<string> {
    if (this.steps-- === 0) throw new Killed();
    const start = performance.now();
    for (;;) {
      const match = pattern.exec(this.received);
      if (match) {
        this.received = this.received.slice(match.index + match[0].length);
        return match[1] ?? "";
      }
      const left = ANSWER_MS - (performance.now() - start);
      if (left <= 0 || this.socket.readableEnded || this.socket.destroyed) return "";
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Ends it one way or another. */
  async kill(): Promise<void> {
    const { socket, random } = this;
    const resetLater = () => {
      setTimeout(() => socket.resetAndDestroy(), random.upTo(LATE_RESET_MS));
    };
    random.pick([
      () => socket.destroy(),
      () => socket.resetAndDestroy(),
      // Closes one direction; the server may still answer.
      () => socket.end(resetLater),
      // Stops reading.
      () => socket.pause() && resetLater(),
      () => socket.write(frame(FIN | OPCODE.text, "2")) && socket.resetAndDestroy(),
    ])();
    await this.closed;
  }
}
