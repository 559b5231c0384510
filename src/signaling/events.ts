/** What an application hears of its rooms. */

import type { ErrorCode } from "../protocol/messages.ts";

/** Who, where, and as whom it was let in. */
export interface PeerEvent {
  /** The peer's id. */
  readonly peer: string;
  readonly room: string;
  /** What the token or `authorize` said of who it is. */
  readonly subject?: string;
}

/** What an application can listen to. */
export interface SignalingEvents {
  joined: PeerEvent;
  left: PeerEvent;
  /** A join was refused. */
  refused: PeerEvent & { readonly code: ErrorCode };
}

/** May be async. */
type Listener<Event> = (event: Event) => unknown;

/** Listeners by event. One that throws or rejects harms nobody: its error goes to `onError`. */
export class Listeners {
  private readonly byEvent: {
    [Name in keyof SignalingEvents]: Set<Listener<SignalingEvents[Name]>>;
  } = { joined: new Set(), left: new Set(), refused: new Set() };
  private readonly onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  on<Name extends keyof SignalingEvents>(
    name: Name,
    listener: Listener<SignalingEvents[Name]>,
  ): void {
    this.of(name).add(listener);
  }

  off<Name extends keyof SignalingEvents>(
    name: Name,
    listener: Listener<SignalingEvents[Name]>,
  ): void {
    this.of(name).delete(listener);
  }

  emit<Name extends keyof SignalingEvents>(name: Name, event: SignalingEvents[Name]): void {
    for (const listener of this.byEvent[name]) {
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch(this.onError);
      } catch (error) {
        this.onError(error);
      }
    }
  }

  private of<Name extends keyof SignalingEvents>(name: Name): Set<Listener<SignalingEvents[Name]>> {
    if (Object.hasOwn(this.byEvent, name)) return this.byEvent[name];
    const names = Object.keys(this.byEvent).join(", ");
    throw new TypeError(`there is no event ${name}, only ${names}`);
  }
}
