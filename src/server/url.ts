/** Where a server is reached. */

/** The URL of a server on this machine. */
export function urlOf(host: string, port: number): string {
  if (["", "0.0.0.0", "::"].includes(host)) return `http://localhost:${port}`;
  return `http://${hostInUrl(host)}:${port}`;
}

/** How an address stands in a URL. */
export function hostInUrl(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
