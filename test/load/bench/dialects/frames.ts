/** Frames of Socket.IO that somebody waits for, whatever they come by. */

interface Waiting {
  starts: readonly string[];
  resolve: (frame: string) => void;
  reject: (error: Error) => void;
}

export class Frames {
  private readonly waiting: Waiting[] = [];
  private hasEnded = false;

  get areAwaited(): boolean {
    return this.waiting.length > 0;
  }

  /** The next frame that starts in one of these ways; rejects when the connection ends before. */
  next(...starts: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ starts, resolve, reject });
      if (this.hasEnded) this.end();
    });
  }

  /** A frame has come. */
  take(frame: string): void {
    const index = this.waiting.findIndex(({ starts }) => starts.some((s) => frame.startsWith(s)));
    if (index >= 0) this.waiting.splice(index, 1)[0]?.resolve(frame);
  }

  /** No more will come. */
  end(): void {
    this.hasEnded = true;
    for (const { reject } of this.waiting.splice(0)) reject(new Error("the connection has ended"));
  }
}
