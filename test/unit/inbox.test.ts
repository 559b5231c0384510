/** What the page reads of a peer, and how often it draws. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { MeshPeer } from "../../src/client/index.ts";
import { Inbox } from "../../src/web/call/inbox.ts";
import { oncePerFrame } from "../../src/web/dom.ts";
import { FakeChannel } from "../support/fakes.ts";

const MESSAGE = '{"type":"chat","text":"hi"}';

describe("the inbox", () => {
  let read: number;
  let floods: string[];
  let ending: AbortController;
  let inbox: Inbox;
  const person = (name: string) => ({ name }) as MeshPeer;
  const open = (peer: MeshPeer, label = "page") => {
    const channel = new FakeChannel(label);
    const isTaken = inbox.take(peer, channel as unknown as RTCDataChannel);
    const send = (count: number, data: unknown = MESSAGE) => {
      for (let sent = 0; sent < count; sent++) {
        channel.dispatchEvent(Object.assign(new Event("message"), { data }));
      }
    };
    return { channel, isTaken, send };
  };

  beforeEach(() => {
    vi.useFakeTimers();
    [read, floods, ending] = [0, [], new AbortController()];
    inbox = new Inbox(
      { message: () => read++, flood: ({ name }) => floods.push(name) },
      ending.signal,
    );
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("takes 60 at once, the channel counted, and 10 a second for ever", () => {
    const { channel, send } = open(person("Ada"));
    send(59);
    for (let second = 1; second <= 600; second++) {
      vi.advanceTimersByTime(1_000);
      send(10);
    }
    expect([read, floods, channel.readyState]).toEqual([6_059, [], "connecting"]);
  });

  test("shuts out who sends more, once, on all channels, and nobody else", () => {
    const [eve, ada] = [person("Eve"), person("Ada")];
    const channels = [open(eve), open(eve)];
    const other = open(ada);
    // What isn't a message of ours counts as well.
    channels[0]?.send(30, new ArrayBuffer(8));
    channels[1]?.send(1_000);
    expect([read, floods]).toEqual([28, ["Eve"]]);
    for (const { channel } of channels) expect(channel.readyState).toBe("closing");
    vi.advanceTimersByTime(3_600_000);
    const again = open(eve);
    again.send(1);
    expect([again.isTaken, again.channel.readyState]).toEqual([false, "closing"]);
    other.send(1);
    expect([read, floods, other.channel.readyState]).toEqual([29, ["Eve"], "connecting"]);
  });

  test("closes a channel that isn't the page's; opening 61 is a flood", () => {
    const eve = person("Eve");
    for (let opened = 1; opened <= 61; opened++) {
      const { channel, isTaken } = open(eve, "other");
      expect([isTaken, channel.readyState]).toEqual([false, "closing"]);
    }
    expect(floods).toEqual(["Eve"]);
  });

  test("ends with its signal", () => {
    const { send } = open(person("Ada"));
    ending.abort();
    send(1);
    expect(read).toBe(0);
  });
});

test("what is asked for ten times is drawn once, in the next frame", () => {
  const frames: (() => void)[] = [];
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) => frames.push(frame));
  let drawn = 0;
  const draw = oncePerFrame(() => drawn++);
  for (let asked = 0; asked < 10; asked++) draw();
  expect([drawn, frames.length]).toEqual([0, 1]);
  frames.shift()?.();
  draw();
  frames.shift()?.();
  expect(drawn).toBe(2);
  vi.unstubAllGlobals();
});
