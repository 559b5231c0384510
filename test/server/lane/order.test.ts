/** What is right before or behind something that the lane doesn't take: nothing overtakes. */

import { describe, expect, test } from "vitest";
import { createRandom } from "../../support/random.ts";
import { startServer, UNLIMITED } from "../../support/server.ts";
import { SlowRooms } from "../../support/slow-rooms.ts";
import { allOf, delivered, gather, heardOffer, offer, WAYS } from "./peers.ts";

const OUTSIDE = { join: "outside" } as const;
const refused = (id: number, code: string) =>
  expect.stringMatching(new RegExp(`^43${id}\\[\\{"ok":false,"error":\\{"code":"${code}"`));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.each(WAYS)("%s, in one segment", (_, lane) => {
  test("behind a join, an offer is the newcomer's", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, OUTSIDE, {});
    await ada.send(['421["join",{"room":"r"}]', offer("x", 2), offer("y")], "at once");
    expect(await allOf(ada)).toEqual([
      `42["room_users",[{"id":"${bob.id}","name":""}]]`,
      expect.stringContaining('431[{"ok":true,"self"'),
      delivered(2, 1),
    ]);
    expect(await allOf(bob)).toEqual([
      `42["user_joined",{"id":"${ada.id}","name":""}]`,
      heardOffer("x", ada),
      heardOffer("y", ada),
    ]);
  });

  test("before a join it is nobody's, and isn't counted", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, OUTSIDE, {});
    await ada.send(
      [offer("x", 1), '422["join",{"room":"r","resume":true}]', offer("y", 3)],
      "at once",
    );
    expect(ada.heard).toContainEqual(delivered(3, 1));
    expect(ada.heard[0]).toEqual(refused(1, "not_in_room"));
    expect(await allOf(bob)).toEqual([
      expect.stringContaining("user_joined"),
      heardOffer("y", ada),
    ]);
    await ada.lose(0);
    await ada.appear();
    expect(ada.heard.at(-1)).toContain('"received":1}');
  });

  test("behind leave it is refused, and behind another join it is for that room", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob, eve] = await gather(server, {}, {}, { join: { room: "s" } });
    const frames = [
      offer(1, 1),
      '42["leave"]',
      offer(2, 2),
      '42["join",{"room":"s"}]',
      offer(3, 3),
    ];
    await ada.send(frames, "at once");
    expect(await allOf(bob)).toEqual([heardOffer(1, ada), `42["user_exit",{"id":"${ada.id}"}]`]);
    expect(await allOf(eve)).toEqual([expect.stringContaining("user_joined"), heardOffer(3, ada)]);
    expect((await allOf(ada)).filter((packet) => packet.startsWith("43"))).toEqual([
      delivered(1, 1),
      refused(2, "not_in_room"),
      delivered(3, 1),
    ]);
  });

  test("around events that only answer, acknowledgements come in order", async () => {
    const server = await startServer({}, { lane });
    const [ada] = await gather(server, {});
    const frames = [
      offer("a", 1),
      '422["ice_servers"]',
      offer("b", 3),
      '424["nothing"]',
      '425["offer",5]',
    ];
    await ada.send(
      [...frames, '426["candidate",null]', '427["set_metadata",{"metadata":1}]'],
      "at once",
    );
    const ids = (await allOf(ada)).map((packet) => packet.slice(0, 3));
    expect(ids).toEqual(["431", "432", "433", "434", "435", "436", "437"]);
  });

  test("behind DISCONNECT it reaches nobody; before it, it does", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, {}, {});
    await ada.sayGoodbye([offer(1)], [offer(2), '421["leave"]', offer(3)]);
    expect(await allOf(bob)).toEqual([heardOffer(1, ada), `42["user_exit",{"id":"${ada.id}"}]`]);
    expect(ada.heard).toEqual([]);
  });

  test.each(["42[", '42["offer",{]', '42["disconnect"]', "2", "9", '451-["offer",{}]', "44"])(
    "behind %s, which ends the connection, it reaches nobody",
    async (frame) => {
      const server = await startServer({}, { lane });
      const [ada, bob] = await gather(server, {}, {});
      await ada.line?.write([frame, offer("x", 1)]);
      await ada.over();
      expect(await allOf(bob)).toEqual([`42["user_exit",{"id":"${ada.id}"}]`]);
      expect(ada.heard).toEqual([]);
    },
  );

  test("between a binary event and its attachment it ends the connection, in a segment of its own as well", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, {}, {});
    await ada.send(['451-["offer",{"_placeholder":true,"num":0}]', offer("x", 1)], "apart");
    await ada.over();
    expect(await allOf(bob)).toEqual([`42["user_exit",{"id":"${ada.id}"}]`]);
    expect(ada.heard).toEqual([]);
  });

  test("behind a binary event that is whole, it follows", async () => {
    const server = await startServer({}, { lane });
    const [ada, bob] = await gather(server, {}, {});
    const header = '451-1["candidate",{"candidate":"c"},{"to":{"_placeholder":true,"num":0}}]';
    await ada.send([header, Buffer.from("x"), offer("x", 2)], "at once");
    expect(await allOf(ada)).toEqual([refused(1, "bad_request"), delivered(2, 1)]);
    expect(await allOf(bob)).toEqual([heardOffer("x", ada)]);
  });

  test("twenty that differ in kind arrive in order", async () => {
    const server = await startServer(UNLIMITED, { lane });
    const [ada, bob] = await gather(server, {}, {});
    const kinds = [
      (n: number) => offer(n),
      (n: number) => `42 ["offer",{"type":"offer","sdp":"${n}"}]`,
      (n: number) => `42/,["offer",{"type":"offer","sdp":"${n}"}]`,
      (n: number) => `42["\\u006fffer",{"type":"offer","sdp":"${n}"}]`,
      (n: number) => `4200["offer",{"sdp":"${n}","type":"offer"}]`,
    ];
    const frames = numbers(60).map((n) => kinds[(n * 7) % 5]?.(n) ?? "");
    await ada.send(frames, "at once");
    expect(await allOf(bob)).toEqual(numbers(60).map((n) => heardOffer(n, ada)));
  });
});

describe.each(WAYS)("%s", (_, lane) => {
  test("[R3] with a registry that answers late, what is sent at once stays in order", async () => {
    const { next } = createRandom(7);
    const wrapRooms = (rooms: ConstructorParameters<typeof SlowRooms>[0]) =>
      new SlowRooms(rooms, next);
    const server = await startServer(UNLIMITED, { lane, wrapRooms });
    const [ada, bob] = await gather(server, OUTSIDE, {});
    const offers = numbers(50).map((n) => offer(n, n));
    const frames = ['42["join",{"room":"r"}]', ...offers, '42["leave"]', offer("late", 99)];
    await ada.send(frames, "at once");
    expect(await allOf(bob)).toEqual([
      expect.stringContaining("user_joined"),
      ...numbers(50).map((n) => heardOffer(n, ada)),
      expect.stringContaining("user_exit"),
    ]);
    const acks = (await allOf(ada)).filter((packet) => packet.startsWith("43"));
    expect(acks).toEqual([...numbers(50).map((n) => delivered(n, 1)), refused(99, "not_in_room")]);
  });

  test("[R3] from many at once, each one's stay in order and nothing is lost", async () => {
    const server = await startServer(UNLIMITED, { lane });
    const [bob, ...senders] = await gather(server, {}, {}, {}, {}, {}, {}, {});
    await Promise.all(
      senders.map((ada) =>
        ada.send(
          numbers(100).map((n) => offer(n, n)),
          "cut",
        ),
      ),
    );
    const heard = await allOf(bob);
    expect(heard.length).toBe(600);
    for (const ada of senders) {
      const its = heard.filter((packet) => packet.includes(ada.id));
      expect(its).toEqual(numbers(100).map((n) => heardOffer(n, ada)));
    }
  });
});
