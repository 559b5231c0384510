/** One option: its kind of value, its environment variable, and its default. */

import type { z } from "zod";
import type { Kind } from "./values.ts";

/** The schema of an option's value, with its environment variable, if any, and the parser of its text. */
type Option<In, Out> = z.ZodType<Out, In | undefined> & {
  readonly variable: string | undefined;
  readonly fromText: (text: string) => unknown;
};

export function option<In, Out>(
  variable: string | undefined,
  { schema, fromText }: Kind<In, Out>,
  fallback: Out,
): Option<In, Out> {
  const withDefault = schema.optional().transform((value) => value ?? fallback);
  return Object.assign(withDefault, { variable, fromText });
}

/** An option that has no environment variable. */
export function inCode<In, Out>(
  kind: Pick<Kind<In, Out>, "schema">,
  fallback: Out,
): Option<In, Out> {
  return option(undefined, { ...kind, fromText: () => undefined }, fallback);
}
