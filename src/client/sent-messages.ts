/** Messages of ours that the server may not have got yet. */

import type { Delivered } from "../protocol/messages.ts";
import { disconnected, errorOf, unreadable } from "./errors.ts";
import { isAck } from "./received.ts";
import type { Sending } from "./sending.ts";

/** As many as the server keeps for us. Of what is over it the oldest can't be sent again. */
const MAX_MESSAGES = 512;
const MAX_BYTES = 524_288;

interface Message {
  /** undefined when it is too old to be sent again. */
  sending: Sending | undefined;
  isAddressed: boolean;
  /** Which of our counted messages it is; undefined until it is sent. */
  number: number | undefined;
  resolve: (delivered: Delivered) => void;
  reject: (error: unknown) => void;
}

/** Counts what is sent, and keeps it until it is acknowledged; in order. */
export class SentMessages {
  private readonly unconfirmed = new Set<Message>();
  private sent = 0;
  /** How many of them were sent when the server began to count. */
  private base = 0;
  private count = 0;
  private bytes = 0;
  /** Runs while messages may wait for the next connection. */
  private patience: ReturnType<typeof setTimeout> | undefined;

  /** Whether what is added may be sent later. */
  get mayWait(): boolean {
    return this.patience !== undefined;
  }

  /** Keeps a message, and sends it if told. Resolves with its acknowledgement. */
  add(sending: Sending, isLive: boolean): Promise<Delivered> {
    return new Promise((resolve, reject) => {
      const { isAddressed } = sending;
      const message: Message = { sending, isAddressed, number: undefined, resolve, reject };
      this.unconfirmed.add(message);
      this.count++;
      this.bytes += sending.bytes;
      for (const oldest of this.unconfirmed) {
        if (this.count <= MAX_MESSAGES && this.bytes <= MAX_BYTES) break;
        this.release(oldest);
      }
      if (isLive) this.emit(message);
    });
  }

  /** Returns a function to call when the server counts from here. */
  mark(): () => void {
    const { sent } = this;
    return () => {
      this.base = sent;
    };
  }

  /** There is no connection: for so long there may be another. */
  wait(ms: number): void {
    this.patience = setTimeout(() => this.reject(), ms);
  }

  /** Gives up all that isn't confirmed. */
  reject(): void {
    this.stopWaiting();
    for (const message of [...this.unconfirmed]) {
      this.drop(message);
      message.reject(disconnected());
    }
  }

  /**
   * Sends what the server lacks again, then what has waited. If it doesn't know what it has (null), all of it is
   * given up: some of it may have arrived.
   *
   * @param others to how many peers what it has was sent, if to everyone
   * @returns whether nothing is lost
   */
  goOn(received: number | null, others: number): boolean {
    this.stopWaiting();
    const isKnown = received !== null && received <= this.sent - this.base;
    if (!isKnown) this.reject();
    const last = this.base + (received ?? 0);
    this.base = isKnown ? this.sent - received : this.sent;
    let isComplete = isKnown;
    for (const message of [...this.unconfirmed]) {
      if (message.number !== undefined && message.number <= last) {
        // It has arrived; its acknowledgement was lost.
        this.drop(message);
        message.resolve({ delivered: message.isAddressed ? 1 : others });
      } else if (message.sending) {
        this.emit(message);
      } else {
        this.drop(message);
        message.reject(disconnected());
        isComplete = false;
      }
    }
    return isComplete;
  }

  private stopWaiting(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
  }

  private emit(message: Message): void {
    message.number = ++this.sent;
    message.sending?.emit((ack) => {
      this.drop(message);
      if (!isAck(ack, (answer): answer is Delivered => true)) message.reject(unreadable());
      else if (ack.ok) message.resolve(ack);
      else message.reject(errorOf(ack.error));
    });
  }

  private drop(message: Message): void {
    this.release(message);
    this.unconfirmed.delete(message);
  }

  private release(message: Message): void {
    if (!message.sending) return;
    this.count--;
    this.bytes -= message.sending.bytes;
    message.sending = undefined;
  }
}
