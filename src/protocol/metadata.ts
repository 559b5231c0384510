/** What an application says about a peer: any JSON, within limits. */

import { z } from "zod";
import { MAX_METADATA_BYTES, MAX_METADATA_DEPTH } from "./limits.ts";
import type { ErrorCode, Metadata } from "./messages.ts";

/** JSON, as a copy. Socket.IO puts binary attachments into it as Buffers; they and deep values are refused. */
export const metadata = z.unknown().transform((input, context): Metadata => {
  if (!isJson(input, MAX_METADATA_DEPTH)) {
    const message = `must be JSON at most ${MAX_METADATA_DEPTH} levels deep, without binary data`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  if (Buffer.byteLength(JSON.stringify(input)) > MAX_METADATA_BYTES) {
    const message = `is over its limit of ${MAX_METADATA_BYTES} bytes`;
    const params = { code: "too_large" satisfies ErrorCode };
    context.addIssue({ code: "custom", message, params });
    return z.NEVER;
  }
  return input;
});

function isJson(value: unknown, levels: number): value is Metadata {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return true;
  if (levels === 0 || typeof value !== "object" || ArrayBuffer.isView(value)) return false;
  return Object.values(value).every((member) => isJson(member, levels - 1));
}
