/** Where a server is reached. */

/** The URL of a server on this machine. */
export function urlOf(host: string, port: number): string {
  if (["", "0.0.0.0", "::"].includes(host)) return `http://localhost:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
