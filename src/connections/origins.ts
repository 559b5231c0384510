/** Which pages may talk to the server, by the Origin header that their browser sends. */

/** Whether a request with these two headers may pass. */
export type OriginCheck = (origin: string | undefined, host?: string) => boolean;

const THIS_MACHINE = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

/**
 * Creates the check for an exact list of origins; `*` lets every page in. An empty list stands for
 * the pages of this machine, on any port, and those that the server itself has served.
 * Without an Origin it is no page that asks (a native client), and it passes.
 */
export function createOriginCheck(allowed: readonly string[]): OriginCheck {
  if (allowed.includes("*")) return () => true;
  if (allowed.length > 0) return (origin) => origin === undefined || allowed.includes(origin);
  return (origin, host) =>
    origin === undefined || THIS_MACHINE.test(origin) || isOwnOrigin(origin, host);
}

/** Behind a proxy the scheme isn't known here, so both pass. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}
