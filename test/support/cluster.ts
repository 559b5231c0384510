/** Nodes that are one server by a Redis of their own, ended with the test. */

import { onTestFinished } from "vitest";
import { type ConnectOptions, TestClient } from "./client.ts";
import { Cluster, type ClusterOptions } from "./nodes.ts";
import { RedisServer } from "./redis.ts";

/** Starts a redis-server that ends with the test. */
export function startRedis(): Promise<RedisServer> {
  return RedisServer.start(onTestFinished);
}

/** Starts nodes, three if not told otherwise, that end with the test, and so does their Redis. */
export async function startCluster(options: Omit<ClusterOptions, "atEnd"> = {}) {
  const cluster = await Cluster.start({ ...options, atEnd: onTestFinished });
  return {
    cluster,
    redis: cluster.redis,
    nodes: cluster.nodes,
    /** Connects to a node, counted from 0. */
    connect: (n: number, more?: ConnectOptions) => TestClient.connect(cluster.url(n), more),
  };
}
