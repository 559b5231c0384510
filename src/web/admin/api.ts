/** The requests of the admin listener. OPERATIONS.md describes them. */

/** A room with members. */
export interface Room {
  readonly room: string;
  readonly peers: number;
}

/** A peer of a room. Without `away`, its node hasn't answered in time. */
export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly subject?: string;
  /** Unix milliseconds, as all times. */
  readonly since?: number;
  readonly away?: boolean;
  readonly transport?: string;
}

/** What has happened in a room. */
export interface Step {
  readonly at: number;
  readonly event: string;
  readonly from?: string;
  readonly to?: string;
  readonly bytes?: number;
  readonly candidates?: number;
  readonly delivered?: number;
  readonly outcome: string;
  readonly times?: number;
  readonly path?: string;
  readonly reason?: string;
  readonly ms?: number;
}

/** What is sent when a room is closed. */
interface Closing {
  readonly seconds: number;
  readonly reason?: string;
}

/** More than any answer takes, unless the browser asks for the token meanwhile. */
const TIMEOUT_MS = 15_000;

/** A request that failed. */
export class ApiError extends Error {
  /** Of the answer; 0 without one. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The rooms with members. */
export async function readRooms(): Promise<readonly Room[]> {
  return (await request<{ rooms: Room[] }>("rooms")).rooms;
}

/** Who is in a room, longest-standing first. */
export async function readPeers(room: string): Promise<readonly Peer[]> {
  return (await request<{ peers: Peer[] }>(pathOf(room))).peers;
}

/** The last steps of a room, oldest first. */
export async function readSteps(room: string): Promise<readonly Step[]> {
  return (await request<{ steps: Step[] }>(`${pathOf(room)}/timeline`)).steps;
}

/** Removes a peer. */
export async function disconnect(id: string, reason: string | undefined): Promise<void> {
  await request(`peers/${encodeURIComponent(id)}/disconnect`, reason ? { reason } : {});
}

/** Removes all peers of a room, and keeps it closed for a while. */
export async function closeRoom(room: string, closing: Closing): Promise<void> {
  await request(`${pathOf(room)}/close`, closing);
}

/** Sends the clients of this server elsewhere. */
export async function drain(): Promise<void> {
  await request("drain", {});
}

const pathOf = (room: string) => `rooms/${encodeURIComponent(room)}`;

/** A GET; with a body, a POST. Rejects with an `ApiError` alone. */
async function request<T>(path: string, body?: object): Promise<T> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const headers = { "Content-Type": "application/json" };
  const post = body && { method: "POST", headers, body: JSON.stringify(body) };
  // The page's own address may have the token in it, and `fetch` refuses what is relative to that.
  const url = new URL(path, location.origin + location.pathname);
  try {
    const response = await fetch(url, { ...post, signal });
    const answer = await response.json().catch(() => undefined);
    if (response.ok && answer) return answer;
    throw new ApiError(response.status, answer?.error?.message ?? `status ${response.status}`);
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError(0, "the server can't be reached");
  }
}
