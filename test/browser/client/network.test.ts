/** What counts as another network. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { onNetworkChange } from "../../../src/client/network.ts";

describe("onNetworkChange", () => {
  let connection: EventTarget & { type?: string };
  let ending: AbortController;
  let changes: number;
  const change = (type?: string) => {
    if (type !== undefined) connection.type = type;
    connection.dispatchEvent(new Event("change"));
  };

  beforeEach(() => {
    connection = new EventTarget();
    ending = new AbortController();
    changes = 0;
    vi.stubGlobal("navigator", { connection });
    // Node's globalThis is no EventTarget.
    const page = new EventTarget();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("dispatchEvent", page.dispatchEvent.bind(page));
  });
  afterEach(() => vi.unstubAllGlobals());
  const listen = () => onNetworkChange(() => changes++, ending.signal);

  test("another type of network, or online again", () => {
    connection.type = "wifi";
    listen();
    change("cellular");
    expect(changes).toBe(1);
    globalThis.dispatchEvent(new Event("online"));
    expect(changes).toBe(2);
    ending.abort();
    change("wifi");
    globalThis.dispatchEvent(new Event("online"));
    expect(changes).toBe(2);
  });

  test("new estimates of the same network don't count, nor where no type is known", () => {
    listen();
    change();
    expect(changes).toBe(0);
    change("wifi");
    change();
    change();
    expect(changes).toBe(1);
  });
});
