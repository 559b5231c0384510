/**
 * The server's address: the page's own if none is given.
 *
 * @throws TypeError when none is given where there is no page, as in Node
 */
export function serverUrl(url: string | URL | undefined): string {
  if (url !== undefined) return String(url);
  if ("location" in globalThis) return globalThis.location.origin;
  throw new TypeError("SignalingClient needs the URL of the server where there is no page");
}
