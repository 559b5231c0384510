/** Several nodes behind the load balancers of .deploy: everyone in a room gets the same one. */

import { once } from "node:events";
import { type RequestOptions, request } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { SignalingClient, type SignalingOptions } from "../../../src/client/index.ts";
import {
  type BalancerName,
  checkConfiguration,
  lacksBalancers,
  startBalancer,
  startStubs,
} from "../../support/balancer.ts";
import { Cluster } from "../../support/nodes.ts";
import { lacksRedis } from "../../support/redis.ts";
import { heardOf } from "../../support/scripted-server.ts";
import { startServer, type TestServer } from "../../support/server.ts";

type Transports = NonNullable<SignalingOptions["transports"]>;
interface Pair {
  room: string;
  ada: SignalingClient;
  bob: SignalingClient;
}

const BALANCERS = ["haproxy", "nginx", "caddy"] as const;
const TRANSPORTS: [string, Transports][] = [
  ["polling alone", ["polling"]],
  ["WebSocket alone", ["websocket"]],
  ["polling, then WebSocket", ["polling", "websocket"]],
];
const ROOMS = Array.from({ length: 30 }, (_, n) => `room-${n}`);

/** Three nodes that know nothing of each other, behind a load balancer. */
async function setUp(name: BalancerName, transports: Transports = ["websocket"]) {
  const nodes: TestServer[] = [];
  for (let n = 0; n < 3; n++) nodes.push(await startServer());
  const urls = nodes.map(({ url }) => url);
  const balancer = await startBalancer(name, urls);
  const connect = (room: string) => {
    const client = new SignalingClient(balancer.url, { room, transports });
    onTestFinished(() => client.close());
    return client;
  };
  const pairs = () => ROOMS.map((room) => ({ room, ada: connect(room), bob: connect(room) }));
  return { nodes, balancer, connect, pairs };
}

/** Joins with both, who find each other. */
async function meet({ room, ada, bob }: Pair): Promise<void> {
  const { self } = await ada.join(room);
  const { users } = await bob.join(room);
  expect(users, room).toEqual([self]);
}

/** An offer comes from one to the other. */
async function offer({ ada, bob }: Pair): Promise<void> {
  const heard = heardOf(ada, "description");
  const { delivered } = await bob.sendDescription({ type: "offer", sdp: "v=0" }, ada.id);
  expect(delivered).toBe(1);
  await heard;
}

/** On how many nodes each room is. */
const spread = (nodes: TestServer[]) =>
  ROOMS.map((room) => nodes.filter(({ maps }) => maps.rooms.has(room)).length);
const ON_ONE = ROOMS.map(() => 1);

/** How the peers of all nodes are connected. */
function transportsIn(nodes: TestServer[]): Set<string> {
  const sockets = nodes.flatMap(({ io }) => [...io.sockets.sockets.values()]);
  return new Set(sockets.map(({ conn }) => conn.transport.name));
}

/** Sends a request on a connection of its own; resolves with the status of the answer. */
async function send(url: string, options: RequestOptions = {}): Promise<number> {
  const [response] = await once(request(url, { ...options, agent: false }).end(), "response");
  await once(response.resume(), "end");
  return response.statusCode;
}

describe.skipIf(lacksBalancers() || lacksRedis())("processes of one machine, with Redis", () => {
  test.each(BALANCERS)(
    "[S4] behind %s, peers meet wherever they are, and a stopped one's are back on another",
    { timeout: 60_000 },
    async (name) => {
      const { nodes } = await Cluster.start({ atEnd: onTestFinished });
      const urls = nodes.map(({ url }) => url);
      const balancer = await startBalancer(name, urls);
      const connect = (room: string, transports: Transports) => {
        const client = new SignalingClient(balancer.url, { room, transports });
        onTestFinished(() => client.close());
        return client;
      };
      // They name rooms that aren't the one they join, so they are on several nodes.
      const clients = ROOMS.slice(0, 8).map((room, n) =>
        connect(room, n % 2 ? ["websocket"] : ["polling"]),
      );
      for (const client of clients) await client.join("one-for-all");
      const counts = await Promise.all(nodes.map((node) => node.count()));
      expect(counts.filter(({ peers }) => peers > 0).length).toBeGreaterThan(1);
      const reached = async () =>
        (await Promise.all(clients.map((client) => client.sendCandidates([null])))).map(
          ({ delivered }) => delivered,
        );
      const everyone = clients.map(() => clients.length - 1);
      expect(await reached()).toEqual(everyone);
      const ids = clients.map(({ id }) => id);
      const gone: string[] = [];
      for (const client of clients) {
        client.addEventListener("peerleave", ({ id }) => gone.push(id));
      }
      const busiest = counts.indexOf(counts.reduce((a, b) => (b.peers > a.peers ? b : a)));
      await nodes[busiest]?.end("SIGTERM");
      await expect.poll(() => clients.every(({ connected }) => connected)).toBe(true);
      expect(await reached()).toEqual(everyone);
      expect(clients.map(({ id }) => id)).toEqual(ids);
      expect(gone).toEqual([]);
    },
  );
});

describe.skipIf(lacksBalancers()).each(BALANCERS)("%s", { timeout: 60_000 }, (name) => {
  test("finds no fault in its configuration", () => {
    const { status, output } = checkConfiguration(name);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/warn|alert/i);
  });

  test.each(TRANSPORTS)(
    "sends both peers of a room to one node, over %s",
    async (_, transports) => {
      const { nodes, ...clients } = await setUp(name, transports);
      const pairs = clients.pairs();
      await Promise.all(pairs.map(meet));
      await expect.poll(() => transportsIn(nodes)).toEqual(new Set(transports.slice(-1)));
      await Promise.all(pairs.map(offer));
      expect(spread(nodes)).toEqual(ON_ONE);
      expect(nodes.filter(({ maps }) => maps.rooms.size > 0).length).toBeGreaterThan(1);
    },
  );

  test.each(TRANSPORTS)(
    "moves the rooms of a node that stops alone, over %s",
    async (_, transports) => {
      const { nodes, balancer, connect, ...clients } = await setUp(name, transports);
      const pairs = clients.pairs();
      await Promise.all(pairs.map(meet));
      const [stopped, ...others] = nodes.sort((a, b) => b.maps.rooms.size - a.maps.rooms.size);
      const homeless = pairs.filter(({ room }) => stopped?.maps.rooms.has(room));
      const undisturbed = pairs.filter((pair) => !homeless.includes(pair));
      const lost: string[] = [];
      for (const { room, ada, bob } of undisturbed) {
        for (const peer of [ada, bob]) peer.addEventListener("disconnect", () => lost.push(room));
      }
      const back = homeless.flatMap(({ ada, bob }) =>
        [ada, bob].map((one) => heardOf(one, "connect")),
      );
      await stopped?.close();
      await Promise.all(back);
      await Promise.all(homeless.map(meet));
      await Promise.all(pairs.map(offer));
      expect(spread(others)).toEqual(ON_ONE);
      // Who comes later finds both kinds of rooms.
      for (const { room, ada, bob } of pairs) {
        const { users } = await connect(room).join(room);
        expect(users.map(({ id }) => id)).toEqual([ada.id, bob.id]);
      }
      expect(undisturbed.length).toBeGreaterThan(0);
      expect(lost).toEqual([]);
      if (name === "haproxy") expect(balancer.log()).toMatch(/nodes\/node\d is DOWN/);
    },
  );

  test("without a room the client's address decides, and the node is told it", async () => {
    const { nodes, balancer } = await setUp(name);
    const asked = new Map<string, Set<TestServer>>();
    for (const node of nodes) {
      node.httpServer.prependListener("request", ({ url, headers }) => {
        const forwarded = String(headers["x-forwarded-for"]);
        if (url !== "/ready") asked.set(forwarded, (asked.get(forwarded) ?? new Set()).add(node));
      });
    }
    const addresses = Array.from({ length: 20 }, (_, n) => `127.0.0.${n + 2}`);
    for (const path of ["/health", "/?room="]) {
      // What a client says itself stands before it.
      const headers = { "x-forwarded-for": "192.0.2.1" };
      for (const localAddress of addresses) {
        await send(balancer.url + path, { localAddress, headers });
      }
    }
    // Caddy passes on what a client says only if the client is a proxy that it was told to trust.
    const claimed = name === "caddy" ? "" : "192.0.2.1, ";
    expect([...asked.keys()].sort()).toEqual(addresses.map((own) => claimed + own).sort());
    expect([...asked.values()].map(({ size }) => size)).toEqual(addresses.map(() => 1));
    expect(new Set([...asked.values()].flatMap((one) => [...one])).size).toBeGreaterThan(1);
  });

  test("speaks HTTP/1.1; a node that is taken out of the list moves its own rooms only", async () => {
    const versions = new Set<string>();
    const urls = await startStubs((request, node) => {
      versions.add(request.httpVersion);
      return node;
    });
    const homes = async (nodes: string[]) => {
      const { url } = await startBalancer(name, nodes);
      return Promise.all(ROOMS.map((room) => send(`${url}/?room=${room}`)));
    };
    const before = await homes(urls);
    const after = await homes(urls.slice(0, 2));
    expect(new Set(before)).toEqual(new Set([200, 201, 202]));
    expect(before.map((home, n) => (home === 202 ? after[n] : home))).toEqual(after);
    // HAProxy's check of health speaks HTTP/1.0.
    versions.delete("1.0");
    expect(versions).toEqual(new Set(["1.1"]));
  });

  test("sends no POST a second time", async () => {
    let posts = 0;
    // Gone with the request, as a process that is killed.
    const urls = await startStubs(({ method, socket }, node) => {
      if (method !== "POST") return node;
      posts++;
      socket.destroy();
      return undefined;
    });
    const { url } = await startBalancer(name, urls);
    for (const room of ROOMS) {
      expect(await send(`${url}/?room=${room}`, { method: "POST" })).toBe(502);
    }
    expect(posts).toBe(ROOMS.length);
  });
});

test.skipIf(lacksBalancers()).each(["haproxy", "caddy"] as const)(
  "%s sends nothing more to a node that isn't ready",
  async (name) => {
    const readiness = new Map([[200, 503]]);
    const urls = await startStubs(({ url }, node) =>
      url === "/ready" ? (readiness.get(node) ?? 200) : node,
    );
    const { url } = await startBalancer(name, urls);
    const homes = async () => {
      const all = await Promise.all(ROOMS.map((room) => send(`${url}/?room=${room}`)));
      return new Set(all);
    };
    await expect.poll(homes).toEqual(new Set([201, 202]));
    readiness.clear();
    await expect.poll(homes).toEqual(new Set([200, 201, 202]));
  },
);

test.skipIf(lacksBalancers())("caddy logs neither room nor address of a request", async () => {
  const urls = await startStubs(({ url, socket }) => {
    if (url === "/ready" || url === "/health") return 200;
    socket.destroy();
    return undefined;
  });
  const { url, log } = await startBalancer("caddy", urls);
  expect(await send(`${url}/?room=canary`, { method: "POST" })).toBe(502);
  await expect.poll(log).toContain("http.log.error");
  expect(log()).not.toMatch(/canary|remote_ip/);
});
