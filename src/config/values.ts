/** The kinds of values that options have: from a variable's text to what it means. */

import proxyAddr from "proxy-addr";
import { z } from "zod";

/** A whole number from `min` to `max`. */
export const integer = (min: number, max: number) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number().min(min, { error }).max(max, { error }));
};

/** A comma-separated list, its items trimmed, empty ones left out. */
export const list = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

/** `*`, or an origin the way a browser sends it: scheme, host, port and no more (RFC 6454, 6.2). */
export const origin = z
  .string()
  .refine(
    (text) =>
      text === "*" || (!text.includes("*") && URL.canParse(text) && new URL(text).origin === text),
    {
      error: ({ input }) =>
        `"${input}" is not an origin; write scheme, host and port only, like https://example.com`,
    },
  );

/** What `read` makes of the text, or the fault that it finds. */
export const readBy = <T>(
  read: (text: string) => { ok: true; value: T } | { ok: false; fault: string },
) =>
  z.string().transform((text, context) => {
    const outcome = read(text);
    if (outcome.ok) return outcome.value;
    context.addIssue({ code: "custom", message: outcome.fault });
    return z.NEVER;
  });

/** `true`, `false`, how many proxies there are, or which: what Express takes for "trust proxy". */
export const proxies = z.union([
  z.enum(["true", "false"]).transform((text) => text === "true"),
  z
    .string()
    .regex(/^\d{1,2}$/)
    .transform(Number),
  list.pipe(
    z.array(z.string()).refine(isCompilable, {
      error:
        "must be true, false, a number of proxies, or a list of addresses, ranges like 10.0.0.0/8, loopback, linklocal and uniquelocal",
    }),
  ),
]);

function isCompilable(addresses: string[]): boolean {
  // 100 would be taken for the address 0.0.0.100.
  if (addresses.some((address) => /^\d+$/.test(address))) return false;
  try {
    proxyAddr.compile(addresses);
    return true;
  } catch {
    return false;
  }
}
