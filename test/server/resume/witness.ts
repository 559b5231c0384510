/** A member of a room that stays, and notes what it is told of the others. */

import { Wire } from "./racer.ts";

const MAX_FAULTS = 5;

export class Witness {
  readonly present = new Set<string>();
  readonly away = new Set<string>();
  /** What it was told that can't be. */
  readonly faults: string[] = [];
  private readonly resume: boolean;
  /** What it was told of each, to be read when it can't be. */
  private readonly told = new Map<string, string[]>();
  private wire: Wire | undefined;

  private constructor(resume: boolean) {
    this.resume = resume;
  }

  static async join(url: string, room: string, resume: boolean): Promise<Witness> {
    const witness = new Witness(resume);
    const wire = await Wire.open(url, (name, args) => witness.hear(name, args));
    witness.wire = wire;
    await wire.ask("join", { room, resume });
    return witness;
  }

  /** From now on it minds the others; those who are there stay. */
  async begin(): Promise<void> {
    await this.settled();
    this.present.clear();
  }

  /** Resolves when everything that the server has sent before now has arrived. */
  async settled(): Promise<void> {
    await this.wire?.ask("settled?");
  }

  async leave(): Promise<void> {
    await this.wire?.ask("leave");
    this.wire?.lose("close");
    await this.wire?.closed;
  }

  private hear(name: string, [peer]: unknown[]): void {
    const { id = "", gap } = (peer ?? {}) as { id?: string; gap?: true };
    const { present, away } = this;
    const told = this.told.get(id) ?? [];
    this.told.set(id, [...told, gap ? `${name} (gap)` : name]);
    const expects = (isRight: boolean) => {
      if (isRight || this.faults.length === MAX_FAULTS) return;
      this.faults.push(`${id}: ${name} after ${told.join(", ") || "nothing"}`);
    };
    if (name === "user_joined") {
      expects(!present.has(id));
      present.add(id);
    } else if (name === "user_exit") {
      expects(present.delete(id));
      away.delete(id);
    } else if (name === "user_away") {
      expects(this.resume && present.has(id) && !away.has(id));
      away.add(id);
    } else if (name === "user_back") {
      // After a take-over without the history, nobody was away.
      expects(this.resume && present.has(id) && (away.delete(id) || gap === true));
    }
  }
}
