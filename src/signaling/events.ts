/** The events that an application can listen to. */

import type { ErrorCode } from "../protocol/messages.ts";

/** A peer and its room. */
export interface PeerEvent {
  /** The peer's id. */
  readonly peer: string;
  readonly room: string;
  /** The subject of its token, or of what `authorize` returned. */
  readonly subject?: string;
}

/** The events by name, with what their listeners get. */
export interface SignalingEvents {
  /** A peer has joined a room. Joining the same room again isn't reported. */
  joined: PeerEvent;
  /** A peer has left a room or has disconnected. */
  left: PeerEvent;
  /** A join was refused by a room or by the peer's token; invalid arguments aren't reported. */
  refused: PeerEvent & { readonly code: ErrorCode };
}

/** A listener; may be async. */
type Listener<Event> = (event: Event) => unknown;

/** Listeners by event. What a listener throws or rejects with goes to `onError`. */
export class Listeners {
  private readonly byEvent: {
    [Name in keyof SignalingEvents]: Set<Listener<SignalingEvents[Name]>>;
  } = { joined: new Set(), left: new Set(), refused: new Set() };
  private readonly onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
  }

  /** Adds a listener. What it throws or rejects with is logged. */
  on<Name extends keyof SignalingEvents>(
    name: Name,
    listener: Listener<SignalingEvents[Name]>,
  ): void {
    this.of(name).add(listener);
  }

  /** Removes a listener. */
  off<Name extends keyof SignalingEvents>(
    name: Name,
    listener: Listener<SignalingEvents[Name]>,
  ): void {
    this.of(name).delete(listener);
  }

  /** Calls the listeners of an event. */
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
