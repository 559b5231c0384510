/** Changes that Redis must get, whenever it can be reached: each is sent again until it has certainly happened. */

interface Chore {
  readonly run: () => Promise<unknown>;
  isUnderWay: boolean;
}

/** Changes by key; a new one replaces the one before. */
export class Chores {
  private readonly chores = new Map<string, Chore>();
  private readonly isOpen: () => boolean;

  /** @param isOpen whether there is a connection */
  constructor(isOpen: () => boolean) {
    this.isOpen = isOpen;
  }

  /** @param run resolves with "ok" if it has happened; any other outcome means that it is to be tried again */
  add(key: string, run: () => Promise<unknown>): void {
    const chore = { run, isUnderWay: false };
    this.chores.delete(key);
    this.chores.set(key, chore);
    this.try(key, chore);
  }

  /** Returns whether there was one. */
  drop(key: string): boolean {
    return this.chores.delete(key);
  }

  /** Tries again what isn't under way. */
  retry(): void {
    for (const [key, chore] of this.chores) this.try(key, chore);
  }

  private async try(key: string, chore: Chore): Promise<void> {
    if (chore.isUnderWay || !this.isOpen()) return;
    chore.isUnderWay = true;
    const outcome = await chore.run().catch(() => undefined);
    chore.isUnderWay = false;
    if (outcome === "ok" && this.chores.get(key) === chore) this.chores.delete(key);
  }
}
