/** The lobby while a join is under way: one join at a time, and it can be given up. */

import type { Browser } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { MemoryRoomRegistry } from "../../../src/rooms/memory.ts";
import type { RoomRegistry } from "../../../src/rooms/registry.ts";
import { lacksBrowser, sharedBrowser } from "../../support/browser.ts";
import { Person } from "../../support/person.ts";
import { startServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

/** Rooms that let nobody in until told to. */
function createHeldRooms() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const held = { joins: 0, open, wrapRooms };
  function wrapRooms(rooms: MemoryRoomRegistry): RoomRegistry {
    const join: RoomRegistry["join"] = async (member, room) => {
      held.joins++;
      await opened;
      return rooms.join(member, room);
    };
    // Everything else is as ever.
    return new Proxy<RoomRegistry>(rooms, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        return name === "join" ? join : typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
  return held;
}

describe.skipIf(lacksBrowser())("the lobby", { timeout: 100_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  test("Join, pressed twice, joins once", async () => {
    const held = createHeldRooms();
    const { url } = await startServer({}, { wrapRooms: held.wrapRooms });
    const ada = await Person.open(browser, url, { name: "Ada", room: "demo", devices: false });
    await ada.hears("Server connected");
    await ada.page.getByRole("button", { name: "Join", exact: true }).dblclick();
    await ada.page.getByRole("button", { name: "Joining…" }).waitFor();
    held.open();
    await ada.page.locator("#call").waitFor();
    expect(held.joins).toBe(1);
  });

  test("a server that comes meanwhile changes nothing: still joining, and it can be given up", async () => {
    const first = await startServer();
    const { url } = first;
    const ada = await Person.open(browser, url, { name: "Ada", room: "demo", devices: false });
    await ada.hears("Server connected");
    await first.close();
    await ada.hears("Looking for the server…");
    await ada.press("Join");
    const held = createHeldRooms();
    await startServer({ PORT: new URL(url).port }, { wrapRooms: held.wrapRooms });
    await ada.hears("Server connected");
    await ada.page.getByRole("button", { name: "Joining…" }).waitFor({ timeout: 5_000 });
    await ada.press("Cancel");
    await ada.page.getByRole("button", { name: "Join", exact: true }).waitFor();
    held.open();
    await ada.press("Join");
    await ada.page.locator("#call").waitFor();
  });

  test("a name in the token is the one that everybody sees, ourselves included", async () => {
    const { url } = await startServer({ AUTH_SECRET: SECRET });
    const token = await mint({ name: "Ada" });
    const ada = await Person.inCall(browser, url, { name: "Somebody else", token, devices: false });
    await ada.tile("Ada").waitFor({ timeout: 5_000 });
    expect(await ada.tile("Ada").locator(".avatar").textContent()).toBe("A");
    expect(await ada.tile("Somebody else").count()).toBe(0);
  });
});
