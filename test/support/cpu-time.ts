/** The CPU time that `run` takes, in milliseconds. Unlike the time on a clock, other processes don't add to it. */
export function cpuTimeMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
