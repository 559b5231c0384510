/** Nodes are killed, one at a time, with members of rooms that span all nodes. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { percentile } from "../bench/statistics.ts";
import { isSame, mustBeEmpty, onCluster, type RunOptions, until } from "./common.ts";
import { Member } from "./member.ts";
import type { Report } from "./report.ts";

interface KillsOptions extends RunOptions {
  times: number;
  leaseMs: number;
}

const ROOMS = 3;
/** At each node, in each room. */
const PLAIN = 2;
const RESUMABLE = 2;
/** For a seat that nobody takes over: it has to be short enough to be waited for. */
const GRACE_MS = 3_000;
/** What the members of a killed node may need beyond the lease. */
const TOLERANCE_MS = 1_000;
/** For what should come in time, and is counted if it is late. */
const PATIENCE_MS = 5_000;

/** What all kills together have shown. */
class Tally {
  readonly exitMs: number[] = [];
  readonly resumeMs: number[] = [];
  missedExits = 0;
  repeatedExits = 0;
  wrongExits = 0;
  failedResumes = 0;
  otherIds = 0;
  histories = 0;
  missedBacks = 0;
  backsWithoutGap = 0;
  wrongViews = 0;
}

/**
 * The others are told of plain peers within the lease and a second. Resumable ones are back at another node at once,
 * with the same id.
 */
export function runKills(options: KillsOptions): Promise<Report> {
  const { seed, times, leaseMs } = options;
  const env = { RESUME_GRACE_MS: String(GRACE_MS), MAX_PEERS_PER_ROOM: "100" };
  return onCluster(options, env, async (cluster, report) => {
    const random = createRandom(seed);
    const tally = new Tally();
    const ids = new Set<string>();
    // A node takes nobody for gone before it has been in touch for a lease.
    await sleep(leaseMs + TOLERANCE_MS);
    for (let n = 0; n < times; n++) {
      await kill(cluster, n, random.upTo(1_000), leaseMs, tally, ids);
    }
    const abandonedMs = await abandon(cluster, leaseMs);

    report.show("kills", times);
    report.show("user_exit of plain peers heard", tally.exitMs.length);
    report.show("the same, median, ms", percentile(tally.exitMs, 0.5));
    report.atMost("the same, latest, ms", Math.max(...tally.exitMs), leaseMs + TOLERANCE_MS);
    report.must("not heard", tally.missedExits);
    report.must("heard twice", tally.repeatedExits);
    report.must("user_exit of anybody else", tally.wrongExits);
    report.show("resumed at another node", tally.resumeMs.length);
    report.show("the same, median, ms", percentile(tally.resumeMs, 0.5));
    report.show("the same, latest, ms", Math.max(...tally.resumeMs));
    report.must("not resumed", tally.failedResumes);
    report.must("resumed as somebody else", tally.otherIds);
    report.must("with a history that can't be", tally.histories);
    report.must("user_back not heard once", tally.missedBacks);
    report.must("user_back without a gap", tally.backsWithoutGap);
    report.must("wrong rosters", tally.wrongViews);
    report.atMost(
      "user_exit of one that never resumes, ms",
      abandonedMs,
      leaseMs + GRACE_MS + TOLERANCE_MS,
    );
    await mustBeEmpty(cluster, report, ids);
  });
}

/** Fills rooms, kills a node, brings back who can come back, and starts the node again. */
async function kill(
  cluster: Cluster,
  n: number,
  victim: number,
  leaseMs: number,
  tally: Tally,
  ids: Set<string>,
): Promise<void> {
  const rooms = await Promise.all(
    Array.from({ length: ROOMS }, (_, room) => fill(cluster, `kills-${n}-${room}`)),
  );
  const killAt = performance.now();
  await cluster.node(victim).end("SIGKILL");
  await Promise.all(
    rooms.map(async (room, r) => {
      const at = (member: Member) => room.indexOf(member) % cluster.nodes.length;
      const harmed = room.filter((member) => at(member) === victim % cluster.nodes.length);
      const gone = new Set(harmed.filter((m) => !m.isResumable).map(({ id }) => id));
      const returning = harmed.filter((m) => m.isResumable);
      const survivors = room.filter((member) => !harmed.includes(member));
      const isStaying = (member: Member) => !gone.has(member.id);
      await Promise.all(
        returning.map((m) => comeBack(m, cluster.url(victim + 1 + (r % 2)), killAt, tally)),
      );
      const living = room.filter(isStaying);
      await until(() => wrongViews(living) === 0, leaseMs + PATIENCE_MS);
      tally.wrongViews += wrongViews(living);
      for (const survivor of survivors) look(survivor, gone, returning, killAt, tally);
      const staying = new Set(living.map(({ id }) => id));
      for (const m of living) tally.wrongExits += m.toldOf("user_exit", staying).length;
      for (const { id } of room) ids.add(id);
    }),
  );
  await Promise.all(rooms.flat().map((member) => member.leave()));
  await cluster.node(victim).start();
}

/** A room with members at all nodes, in turn, that know each other. */
async function fill(cluster: Cluster, room: string): Promise<Member[]> {
  const members = Array.from({ length: (PLAIN + RESUMABLE) * cluster.nodes.length }, (_, n) => {
    return new Member(cluster.url(n), n >= PLAIN * cluster.nodes.length);
  });
  await Promise.all(members.map((member) => member.join(room)));
  if (!(await until(() => wrongViews(members) === 0, PATIENCE_MS))) {
    throw new Error(`the members of ${room} don't know each other`);
  }
  return members;
}

/** Resumes, and tries again where the server asks for it. */
async function comeBack(member: Member, url: string, killAt: number, tally: Tally): Promise<void> {
  let answer = await member.resumeAt(url);
  for (const end = killAt + PATIENCE_MS; performance.now() < end; ) {
    if (answer && (answer.ok || answer.error.code !== "unavailable")) break;
    await sleep(50);
    answer = await member.resumeAt(url);
  }
  if (!answer?.ok) {
    tally.failedResumes++;
    return;
  }
  tally.resumeMs.push(performance.now() - killAt);
  if (answer.self.id !== member.id) tally.otherIds++;
  if (answer.received !== null) tally.histories++;
}

/** What a member of another node was told of those of the killed one. */
function look(
  survivor: Member,
  gone: ReadonlySet<string>,
  returning: Member[],
  killAt: number,
  tally: Tally,
): void {
  const exits = survivor.toldOf("user_exit", gone);
  tally.exitMs.push(...exits.map(({ at }) => at - killAt));
  const told = new Set(exits.map(({ id }) => id));
  tally.missedExits += gone.size - told.size;
  tally.repeatedExits += exits.length - told.size;
  const backs = survivor.toldOf("user_back", new Set(returning.map(({ id }) => id)));
  tally.missedBacks += Math.abs(backs.length - (survivor.isResumable ? returning.length : 0));
  tally.backsWithoutGap += backs.filter(({ gap }) => !gap).length;
}

/** How long after the kill the others are told of a resumable peer that doesn't come back; NaN if they aren't. */
async function abandon(cluster: Cluster, leaseMs: number): Promise<number> {
  const members = await fill(cluster, "kills-last");
  const killAt = performance.now();
  await cluster.node(0).end("SIGKILL");
  const living = members.filter((_, n) => n % cluster.nodes.length !== 0);
  await until(() => wrongViews(living) === 0, leaseMs + GRACE_MS + PATIENCE_MS);
  const gone = new Set(members.filter((m) => !living.includes(m)).map(({ id }) => id));
  const exits = living.flatMap((m) => m.toldOf("user_exit", gone));
  await Promise.all(living.map((member) => member.leave()));
  await cluster.node(0).start();
  return exits.length === living.length * gone.size
    ? Math.max(...exits.map(({ at }) => at - killAt))
    : Number.NaN;
}

/** How many know others than those who are there. */
function wrongViews(members: Member[]): number {
  const ids = members.map(({ id }) => id);
  return members.filter(({ id, view }) => {
    return !isSame(view, new Set(ids.filter((other) => other !== id)));
  }).length;
}
