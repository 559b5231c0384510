/** Servers in this process that are one by Redis. */

import { expect } from "vitest";
import type { SignalingServerOptions } from "../../src/index.ts";
import { startWith } from "./application.ts";
import { newPrefix } from "./redis-rooms.ts";

export const RESUME_SECRET = "a secret of all nodes, of 32 bytes or more";

/** Starts two nodes of one cluster; resolves when both have reached Redis. They end with the test. */
export async function startNodes(redisUrl: string, options: SignalingServerOptions = {}) {
  const redisPrefix = newPrefix();
  const start = async () => {
    const node = await startWith({
      redisUrl,
      redisPrefix,
      resumeSecret: RESUME_SECRET,
      nodeLeaseMs: 1_000,
      ...options,
    });
    await expect.poll(() => readiness(node.url), { interval: 5 }).toMatchObject(READY);
    return node;
  };
  return [await start(), await start()] as const;
}

export const READY = { status: "ready" };

/** What GET /ready says. */
export const readiness = async (url: string) => (await fetch(`${url}/ready`)).json();
