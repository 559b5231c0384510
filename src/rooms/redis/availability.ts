/** Whether Redis can be reached, and who is told when that changes. */

/** Whether Redis can be reached; undefined until it has answered once. */
export type StoreState = "ok" | "unavailable" | undefined;

/** Told when Redis can't be reached any more and why, and when it can be again. */
export type OnChange = (isAvailable: boolean, reason: string | undefined) => void;

/** The state, and what was told of it. */
export class Availability {
  state: StoreState;
  /** The number of failures so far. */
  failures = 0;
  private readonly onChange: OnChange;
  /** The last failure, and what was told about it. */
  private failure: string | undefined;
  private toldFailure: string | undefined;

  constructor(onChange: OnChange) {
    this.onChange = onChange;
  }

  /** Notes how it is now. Before the first answer each reason is told once. */
  note(isAvailable: boolean): void {
    const state = isAvailable ? "ok" : this.state && "unavailable";
    const isNews = state !== this.state || (!state && this.failure !== this.toldFailure);
    if (!isNews) return;
    this.state = state;
    this.toldFailure = this.failure;
    this.onChange(isAvailable, this.failure);
    if (isAvailable) this.failure = undefined;
  }

  /** Notes why it can't be reached. */
  fail({ message }: Error): void {
    this.failure = message;
    this.failures++;
  }
}
