/** A client that sends numbers to the others in its room, whatever happens to its connection. */

import { SignalingClient } from "../../../src/client/index.ts";
import type { Random } from "../../support/random.ts";
import type { Book } from "./book.ts";
import type { Line } from "./line.ts";

export type Transports = ("polling" | "websocket")[];

/** What must not happen to a peer whose seat is kept, and what does. */
export interface Events {
  resumes: number;
  /** Resumes without the history, here or at a peer. */
  gaps: number;
  /** Connections without the seat: an application would have to join anew. */
  seatsLost: number;
  /** Peers that were announced as gone, or as new. */
  exits: number;
  entrances: number;
  /** The messages whose promises said that they weren't delivered, or to another number of peers. */
  refused: number;
}

/** Between two messages. */
const PAUSE_MS = { min: 20, more: 80 };
/** Some messages are too long for one chunk; so few that no limit for one peer's messages is met within 20 s. */
const PADDINGS = [0, 0, 0, 0, 0, 0, 0, 0, 300, 3_000, 20_000];
const MAX_CANDIDATES = 4;

export class Talker {
  readonly client: SignalingClient;
  readonly line: Line;
  readonly name: string;
  readonly events: Events = {
    resumes: 0,
    gaps: 0,
    seatsLost: 0,
    exits: 0,
    entrances: 0,
    refused: 0,
  };
  /** Those that it was told are away. */
  readonly away = new Set<string>();
  id = "";
  private readonly book: Book;
  private readonly random: Random;
  private others: Talker[] = [];
  private awaySince: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(line: Line, name: string, transports: Transports, book: Book, random: Random) {
    this.line = line;
    this.name = name;
    this.book = book;
    this.random = random;
    this.client = new SignalingClient(line.url, { transports });
  }

  async join(room: string): Promise<void> {
    const { self } = await this.client.join(room, { name: this.name });
    this.id = self.id;
  }

  /** Begins to talk to these. */
  talk(others: Talker[]): void {
    this.others = others;
    const next = () => {
      this.say();
      this.timer = setTimeout(next, PAUSE_MS.min + this.random.upTo(PAUSE_MS.more));
    };
    next();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  close(): void {
    this.stop();
    this.client.close();
    this.line.close();
  }

  /** Resolves when it has its seat back after a cut; at once if it is there. */
  async back(): Promise<void> {
    while (this.awaySince !== undefined) {
      await new Promise((resolve) =>
        this.client.addEventListener("resume", resolve, { once: true }),
      );
    }
  }

  private say(): void {
    const { random, others } = this;
    const to = random.chance(0.2) ? undefined : random.pick(others);
    const receivers = to ? [to] : others;
    const text = () => {
      const numbers = receivers.map(({ name }) => [name, this.book.send(this.name, name)]);
      return JSON.stringify([this.name, Object.fromEntries(numbers)]);
    };
    const sent = random.pick([
      () => {
        const sdp = `${text()}\n${"x".repeat(random.pick(PADDINGS))}`;
        return this.client.sendDescription({ type: random.pick(["offer", "answer"]), sdp }, to?.id);
      },
      () => {
        const candidates = Array.from({ length: 1 + random.upTo(MAX_CANDIDATES - 1) }, () => ({
          candidate: text(),
        }));
        return this.client.sendCandidates(candidates, to?.id);
      },
    ])();
    sent.then(
      ({ delivered }) => {
        if (delivered !== receivers.length) this.refuse(`delivered to ${delivered}`);
      },
      (error) => this.refuse(String(error)),
    );
  }

  private refuse(what: string): void {
    this.events.refused++;
    this.book.example(`${this.name}: ${what}`);
  }

  private hear(text: string, from: string): void {
    const [sender, numbers]: [string, Record<string, number>] = JSON.parse(text);
    const known = this.others.find(({ name }) => name === sender);
    if (known && known.id !== from) this.book.fault("foreign", `${sender} as another peer`);
    this.book.receive(sender, this.name, numbers[this.name] ?? Number.NaN);
  }

  /** Begins to listen; from now on everyone has to stay. */
  follow(): void {
    const { client, events, away } = this;
    client.addEventListener("description", ({ description, from }) =>
      this.hear(description.sdp.split("\n", 1)[0] ?? "", from),
    );
    client.addEventListener("candidate", ({ candidate, from }) =>
      this.hear(candidate?.candidate ?? "", from),
    );
    client.addEventListener("connect", () => {
      events.seatsLost++;
      const awayMs = performance.now() - (this.awaySince ?? Number.NaN);
      this.book.example(
        `${this.name}: its seat is lost, ${awayMs.toFixed(0)} ms after its connection`,
      );
    });
    client.addEventListener("peerjoin", () => events.entrances++);
    client.addEventListener("peerleave", () => events.exits++);
    client.addEventListener("peeraway", ({ id }) => away.add(id));
    client.addEventListener("peerback", ({ id, gap }) => {
      away.delete(id);
      if (gap) events.gaps++;
    });
    client.addEventListener("disconnect", () => {
      this.awaySince ??= performance.now();
    });
    client.addEventListener("resume", ({ gap }) => {
      this.awaySince = undefined;
      events.resumes++;
      if (gap) events.gaps++;
    });
  }
}
