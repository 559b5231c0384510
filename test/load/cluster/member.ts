/** A member of a room, over bare WebSockets, that notes when it is told what of the others. */

import { type Answer, Racer } from "../../server/resume/racer.ts";

interface Told {
  name: string;
  id: string;
  gap: boolean;
  /** In milliseconds of performance.now(). */
  at: number;
}

export class Member {
  readonly told: Told[] = [];
  /** Who is in the room as this one was told, itself excepted. */
  readonly view = new Set<string>();
  readonly isResumable: boolean;
  readonly racer: Racer;
  private url: string;

  constructor(url: string, isResumable: boolean) {
    this.url = url;
    this.isResumable = isResumable;
    this.racer = new Racer(
      () => this.url,
      (name, args) => this.hear(name, args),
    );
  }

  get id(): string {
    return this.racer.id;
  }

  async join(room: string): Promise<void> {
    const answer = await this.racer.join(room, { resume: this.isResumable });
    if (!answer?.ok) throw new Error(`not joined: ${JSON.stringify(answer)}`);
  }

  /** Takes its seat over at this URL. */
  async resumeAt(url: string): Promise<Answer | undefined> {
    this.url = url;
    return this.racer.resume();
  }

  async leave(): Promise<void> {
    await this.racer.wire?.ask("leave");
    await this.racer.vanish("end");
  }

  /** What it was told of this kind, about one of these. */
  toldOf(name: string, ids: ReadonlySet<string>): Told[] {
    return this.told.filter((told) => told.name === name && ids.has(told.id));
  }

  private hear(name: string, [what]: unknown[]): void {
    if (name === "answer") {
      const answer = what as Answer;
      // What follows an answer builds on it, so it can't wait for a promise.
      if (answer.ok && answer.received !== undefined) this.know(answer.users);
    } else if (name === "room_users") this.know(what as { id: string }[]);
    else {
      const { id = "", gap = false } = (what ?? {}) as { id?: string; gap?: boolean };
      if (name === "user_joined") this.view.add(id);
      if (name === "user_exit") this.view.delete(id);
      this.told.push({ name, id, gap, at: performance.now() });
    }
  }

  private know(users: { id: string }[]): void {
    this.view.clear();
    for (const { id } of users) this.view.add(id);
  }
}
