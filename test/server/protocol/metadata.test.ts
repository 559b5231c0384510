import { expect, test } from "vitest";
import type { Joined, Metadata } from "../../../src/protocol/messages.ts";
import { granted, joinWithTicket, lose, resume } from "../../support/resuming.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { mint, SECRET } from "../../support/tokens.ts";

async function joinWith(server: TestServer, metadata: unknown) {
  const client = await server.connect();
  const joined = granted(await client.request<Joined>("join", { room: "r", metadata }));
  return { client, joined, id: joined.self.id };
}

/** Arrays in arrays, so many levels. */
const nested = (levels: number): Metadata => (levels === 0 ? 1 : [nested(levels - 1)]);

test("[M1] metadata is told to those who joined with their own, and to nobody else", async () => {
  const server = await startServer();
  const ada = await joinWith(server, { role: "host" });
  expect(ada.joined.self).toEqual({ id: ada.id, name: "", metadata: { role: "host" } });
  const plain = await server.connect();
  const { users } = granted(await plain.join("r"));
  expect(users).toEqual([{ id: ada.id, name: "" }]);
  const bob = await joinWith(server, null);
  expect(bob.joined.users).toEqual([
    { id: ada.id, name: "", metadata: { role: "host" } },
    { id: plain.id, name: "" },
  ]);
  expect((await bob.client.next("room_users"))[0]).toEqual(bob.joined.users);
  expect(await plain.next("user_joined")).toEqual([{ id: bob.id, name: "" }]);
  await ada.client.next("user_joined");
  expect(await ada.client.next("user_joined")).toEqual([{ id: bob.id, name: "", metadata: null }]);
});

test("[M2] set_metadata tells the others that take it, and who comes later", async () => {
  const server = await startServer();
  const [ada, bob] = [await joinWith(server, 1), await joinWith(server, 2)];
  const plain = await server.connect();
  await plain.join("r");
  expect(await ada.client.request("set_metadata", { metadata: { hand: "up" } })).toEqual({
    ok: true,
  });
  expect(await bob.client.next("user_metadata")).toEqual([
    { id: ada.id, metadata: { hand: "up" } },
  ]);
  // Who joined without metadata may have some, and is still told nobody's.
  await plain.request("set_metadata", { metadata: "late" });
  expect(await bob.client.next("user_metadata")).toEqual([{ id: plain.id, metadata: "late" }]);
  await plain.settled();
  expect(plain.all("user_metadata")).toEqual([]);
  const carol = await joinWith(server, 3);
  expect(carol.joined.users.map(({ metadata }) => metadata)).toEqual([{ hand: "up" }, 2, "late"]);
  const stranger = await server.connect();
  expect(await stranger.request("set_metadata", { metadata: 1 })).toMatchObject({
    error: { code: "not_in_room" },
  });
});

test("[M2] it isn't counted: after a resume, users has the newest", async () => {
  const server = await startServer();
  const ada = await joinWithTicket(server, "r", { metadata: 1 });
  const bob = await joinWithTicket(server, "r", { metadata: 2 });
  await ada.client.next("user_joined");
  lose(ada.client);
  await bob.client.next("user_away");
  await bob.client.request("set_metadata", { metadata: 3 });
  await bob.client.offer("1", { to: ada.id });
  const { client, ack } = await resume(server, ada.ticket, 1);
  expect(ack).toMatchObject({ ok: true, users: [{ id: bob.id, metadata: 3 }], received: 0 });
  await client.next("getOffer");
  expect(client.all("user_metadata")).toEqual([]);
});

test.each([
  ["1,025 bytes", "x".repeat(1_023), "too_large"],
  ["1,024 bytes of multi-byte characters and a quote too many", "é".repeat(512), "too_large"],
  ["nine levels", nested(9), "bad_request"],
  ["two thousand levels", nested(2_000), "bad_request"],
  ["binary data", { file: Buffer.from("x") }, "bad_request"],
])("[M3] %s are refused", async (_, metadata, code) => {
  const server = await startServer();
  const client = await server.connect();
  await client.join("r");
  for (const ack of [
    await client.request("set_metadata", { metadata }),
    await client.request("join", { room: "s", metadata }),
  ]) {
    expect(ack).toMatchObject({ ok: false, error: { code } });
  }
  expect(server.maps.socketToRoom.get(client.id)).toBe("r");
});

test("[M3] 1,024 bytes and eight levels pass; without metadata, set_metadata is refused", async () => {
  const server = await startServer();
  const { client } = await joinWith(server, nested(8));
  const largest = { metadata: "x".repeat(1_022) };
  expect(await client.request("set_metadata", largest)).toEqual({ ok: true });
  for (const request of [undefined, null, 1, {}]) {
    expect(await client.request("set_metadata", request)).toMatchObject({
      error: { code: "bad_request" },
    });
  }
});

test("[M4] the subject is told only where the operator shares it", async () => {
  for (const share of ["false", "true"]) {
    const server = await startServer({ AUTH_SECRET: SECRET, SHARE_SUBJECT: share });
    const as = async (sub: string) => ({ auth: { token: await mint({ sub, room: "r" }) } });
    const ada = await joinWithTicket(server, "r", {}, await as("ada"));
    const bob = await joinWithTicket(server, "r", {}, await as("bob"));
    const subject = share === "true" ? { subject: "bob" } : {};
    expect(await ada.client.next("user_joined")).toEqual([{ id: bob.id, name: "", ...subject }]);
    expect("subject" in (bob.joined.users[0] ?? {})).toBe(share === "true");
  }
});
