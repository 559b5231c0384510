/** What Redis says about itself. */

/** The oldest version that has all commands. */
const MIN_VERSION = { major: 6, minor: 2 };

/**
 * Reads the answer to INFO.
 *
 * @returns the name of the process, and for how long it has been running
 * @throws Error saying what is wrong with this Redis
 */
export function readServerInfo(info: string): { runId: string; uptimeMs: number } {
  const of = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, "m").exec(info)?.[1] ?? "";
  const version = of("redis_version");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const { major: oldest, minor: least } = MIN_VERSION;
  if (major < oldest || (major === oldest && minor < least)) {
    throw new Error(`this is Redis ${version}, and ${oldest}.${least} or newer is needed`);
  }
  if (of("redis_mode") === "cluster") {
    throw new Error("this is a Redis Cluster, which isn't supported");
  }
  return { runId: of("run_id"), uptimeMs: Number(of("uptime_in_seconds")) * 1_000 };
}
