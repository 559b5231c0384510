/** The messages between pages over the data channel. They are untrusted input. */

/** The data channel's label. */
export const CHANNEL = "page";

/** Longest chat message, in UTF-16 code units. */
export const MAX_TEXT_LENGTH = 2_000;

/** What a peer is sending. */
export interface Sending {
  muted: boolean;
  camera: boolean;
  screen: boolean;
}

export type PageMessage = ({ type: "state" } & Sending) | { type: "chat"; text: string };

/** Parses a message; undefined if it is invalid. */
export function parseMessage(data: unknown): PageMessage | undefined {
  // JSON may take six characters for each code unit (\uXXXX).
  if (typeof data !== "string" || data.length > 6 * MAX_TEXT_LENGTH + 100) return undefined;
  const message = parseJson(data);
  if (typeof message !== "object" || message === null || !("type" in message)) return undefined;
  if (message.type === "state") return parseState(message);
  if (message.type === "chat") return parseChat(message);
  return undefined;
}

function parseState(message: object): PageMessage | undefined {
  if (!("muted" in message && "camera" in message && "screen" in message)) return undefined;
  const { muted, camera, screen } = message;
  if (typeof muted !== "boolean" || typeof camera !== "boolean") return undefined;
  if (typeof screen !== "boolean") return undefined;
  return { type: "state", muted, camera, screen };
}

function parseChat(message: object): PageMessage | undefined {
  if (!("text" in message) || typeof message.text !== "string") return undefined;
  const text = message.text.trim();
  return text === "" || text.length > MAX_TEXT_LENGTH ? undefined : { type: "chat", text };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
