/** The kinds of values of options: how they are checked, and parsed from environment variables. */

import proxyAddr from "proxy-addr";
import { z } from "zod";
import { parseIceUrl } from "../ice/url.ts";

/** A kind of values; `Out` is the type after checking. */
export interface Kind<In, Out = In> {
  readonly schema: z.ZodType<Out, In>;
  /** Parses the text of a variable. A text it can't parse is returned for the schema to refuse. */
  readonly fromText: (text: string) => unknown;
}

const asItIs = (text: string) => text;

/** Splits at commas, trims, and drops empty items. A text without items is kept as one invalid item. */
const toList = (text: string) => {
  const items = text.split(",").map((item) => item.trim());
  return items.some(Boolean) ? items.filter(Boolean) : [text];
};

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Kind<number> {
  const error = `must be a whole number from ${min} to ${max}`;
  const isInRange = (value: number) => Number.isInteger(value) && value >= min && value <= max;
  return {
    schema: z.number({ error }).refine(isInRange, { error }),
    fromText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  };
}

/** true or false. */
export const boolean: Kind<boolean> = {
  schema: z.boolean({ error: "must be true or false" }),
  fromText: (text) => (text === "true" || text === "false" ? text === "true" : text),
};

/** Any text. */
export const text = {
  schema: z.string({ error: "must be a string" }),
  fromText: asItIs,
} satisfies Kind<string>;

/** A text of this form; `error` says which. */
function matching(pattern: RegExp, error: string): Kind<string> {
  return { schema: text.schema.check(z.regex(pattern, { error })), fromText: asItIs };
}

/** A text that isn't blank. */
export const filledText = matching(/\S/, "must not be blank");

/** The path of a URL, with a slash at the start and none at the end. */
export const urlPath = matching(/^(\/[A-Za-z0-9._~-]+)+$/, "must be a path like /calls/socket.io");

/**
 * As RFC 3986 has it, without query and fragment, which Redis clients read differently. In lower case: ioredis connects
 * to `REDISS:` without TLS.
 */
const REDIS_URL =
  /^rediss?:\/\/(?:[^\s/?#@]*@)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9]\d{0,4})?(?:\/\d*)?$/;
// It doesn't tell the value, which may contain a password.
const REDIS_URL_ERROR =
  "must be a URL like rediss://user:password@redis.example.com:6379/0, with user and password percent-encoded";

/** The URL of a Redis server: `redis:` or `rediss:`, host, and optionally user, password, port and database. */
export const redisUrl: Kind<string> = {
  schema: z
    .string({ error: REDIS_URL_ERROR })
    .refine((text) => REDIS_URL.test(text) && isDecodable(text), { error: REDIS_URL_ERROR }),
  fromText: asItIs,
};

/** Whether it is a URL, in which each % belongs to a percent-encoding. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return URL.canParse(url);
  } catch {
    return false;
  }
}

/** What keys in Redis begin with; no wildcards of its patterns. */
export const keyPrefix = matching(
  /^[A-Za-z0-9._:{}-]{1,64}$/,
  "must have 1 to 64 characters, each of A-Z a-z 0-9 . _ : { } -",
);

/** A token that fits into a header. */
export const adminToken = matching(
  /^[!-~]{16,}$/,
  "must have 16 or more characters, none of them blank or outside of ASCII; create one with `openssl rand -hex 32`",
);

/** A function; its arguments can't be checked. */
export function functionLike<T>(): Pick<Kind<T>, "schema"> {
  const schema = z.custom<T>((value) => typeof value === "function", {
    error: "must be a function",
  });
  return { schema };
}

/** One of `values`. */
export function oneOf<const T extends string>(values: readonly T[]): Kind<T> {
  return {
    schema: z.enum(values, { error: `must be one of ${values.join(", ")}` }),
    fromText: asItIs,
  };
}

/** A list of strings; `item` checks each. */
export function listOf(item: z.ZodType<string, string>): Kind<readonly string[]> {
  return {
    schema: z.array(item, { error: "must be an array of strings" }),
    fromText: toList,
  };
}

/** A list of one or more of `values`. */
export function someOf<const T extends string>(values: readonly T[]): Kind<readonly T[]> {
  const error = `must be a list of one or more of ${values.join(", ")}`;
  return {
    schema: z.array(z.enum(values, { error }), { error }).min(1, { error }),
    fromText: toList,
  };
}

/** A text that `read` parses. */
export function readBy<T>(
  read: (text: string) => { ok: true; value: T } | { ok: false; reason: string },
): Kind<string, T> {
  const schema = text.schema.transform((input, context) => {
    const outcome = read(input);
    if (outcome.ok) return outcome.value;
    context.addIssue({ code: "custom", message: outcome.reason });
    return z.NEVER;
  });
  return { schema, fromText: asItIs };
}

/** `*`, or an origin as browsers send it: scheme, host and port (RFC 6454, 6.2). */
export const origin = z
  .string({ error: "must be an array of strings" })
  .refine(
    (text) =>
      text === "*" || (!text.includes("*") && URL.canParse(text) && new URL(text).origin === text),
    {
      error: ({ input }) =>
        `"${input}" is not an origin; write scheme, host and port only, like https://example.com`,
    },
  );

/** STUN or TURN URLs. */
export function iceUrls(service: "stun" | "turn", example: string): Kind<readonly string[]> {
  const url = z.string({ error: "must be an array of strings" });
  const isUsable = (text: string) => parseIceUrl(text)?.service === service;
  return listOf(
    url.refine(isUsable, {
      // There may be a password before an "@".
      error: ({ input }) =>
        `"${String(input).replace(/^.*@/, "…@")}" can't be used by browsers; write one like ${example}`,
    }),
  );
}

const PROXIES =
  "must be true, false, a number of proxies, or a list of addresses, ranges like 10.0.0.0/8, loopback, linklocal and uniquelocal";

/** A value of Express's "trust proxy": all, none, a number of proxies, or their addresses. */
export const proxies: Kind<boolean | number | readonly string[]> = {
  schema: z.union(
    [
      z.boolean(),
      z.number().refine((count) => Number.isInteger(count) && count >= 0 && count <= 99),
      z.array(z.string()).refine(isCompilable),
    ],
    { error: PROXIES },
  ),
  fromText: (text) => {
    if (text === "true" || text === "false") return text === "true";
    return /^\d{1,2}$/.test(text) ? Number(text) : toList(text);
  },
};

function isCompilable(addresses: string[]): boolean {
  // 100 would be parsed as the address 0.0.0.100.
  if (addresses.some((address) => /^\d+$/.test(address))) return false;
  try {
    proxyAddr.compile(addresses);
    return true;
  } catch {
    return false;
  }
}
