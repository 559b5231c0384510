/** The routes of the admin listener: metrics, rooms and their timelines, removing peers, and a page for all that. */

import { join } from "node:path";
import express from "express";
import createRoutes from "router";
import serveStatic from "serve-static";
import { z } from "zod";
import { room as roomName } from "../protocol/names.ts";
import { createAdminGuard } from "./admin-guard.ts";
import { type Middleware, protect } from "./router.ts";

/** Dependencies of the routes. */
export interface AdminDeps {
  /** What requests must show; undefined lets all pass that come from no other page. */
  token: string | undefined;
  /** In the text format of Prometheus. */
  metrics: () => Promise<{ contentType: string; text: string }>;
  /** The number of members of each room. */
  rooms: () => Promise<ReadonlyMap<string, number>>;
  peers: (room: string) => Promise<readonly object[]>;
  timeline: (room: string) => Promise<readonly object[]>;
  disconnect: (id: string, reason: string | undefined) => Promise<boolean>;
  closeRoom: (room: string, seconds?: number, reason?: string) => Promise<void>;
  drain: () => void;
  /** The folder with the built page. */
  publicFolder: string;
}

const MAX_BODY_BYTES = 4_096;
/** The page's script and style, as built by `npm run build:web`. */
const FILES = ["/admin.js", "/admin.css"].flatMap((file) => [file, `${file}.map`]);
const reason = z
  .string({ error: "must be a string" })
  .max(200, { error: "must have at most 200 characters" })
  .optional();
const seconds = z
  .number({ error: "must be a number of seconds" })
  .min(0, { error: "must be 0 or more" })
  .max(31_536_000, { error: "must be at most 31536000, a year" })
  .optional();
const disconnecting = z.strictObject({ reason }, members("reason")).default({});
const closing = z.strictObject({ seconds, reason }, members("seconds, reason")).default({});

function members(names: string): { error: string } {
  return { error: `must be an object with no other members than ${names}` };
}

/** Creates the routes. */
export function createAdminRouter(deps: AdminDeps): Middleware {
  const routes = createRoutes();
  routes.use(protect, createAdminGuard(deps.token), (_request, response, next) => {
    response.setHeader("Cache-Control", "no-store");
    next();
  });

  routes.get("/metrics", async (_request, response) => {
    const { contentType, text } = await deps.metrics();
    response.setHeader("Content-Type", contentType);
    response.end(text);
  });

  routes.get("/rooms", async (_request, response) => {
    const sizes = [...(await deps.rooms())].map(([room, peers]) => ({ room, peers }));
    send(response, { rooms: sizes.sort((a, b) => (a.room < b.room ? -1 : 1)) });
  });

  routes.param("room", (_request, _response, next, room) => {
    next(parse(roomName, room, "the room").fault);
  });

  routes.get("/rooms/:room", async ({ params: { room = "" } }, response) => {
    send(response, { room, peers: await deps.peers(room) });
  });

  routes.get("/rooms/:room/timeline", async ({ params: { room = "" } }, response) => {
    send(response, { room, steps: await deps.timeline(room) });
  });

  routes.use(express.json({ limit: MAX_BODY_BYTES }), (request, _response, next) => {
    const { "content-length": length = 0, "transfer-encoding": encoding } = request.headers;
    const hasBody = Number(length) > 0 || encoding !== undefined;
    const isRead = "body" in request && request.body !== undefined;
    next(hasBody && !isRead ? badRequest("send JSON, as application/json") : undefined);
  });

  routes.post("/rooms/:room/close", async (request, response) => {
    const { fault, value } = parse(closing, bodyOf(request), "the body");
    if (fault) throw fault;
    const { room = "" } = request.params;
    await deps.closeRoom(room, value?.seconds, value?.reason);
    send(response, { closed: true });
  });

  routes.post("/peers/:id/disconnect", async (request, response) => {
    const { fault, value } = parse(disconnecting, bodyOf(request), "the body");
    if (fault) throw fault;
    const disconnected = await deps.disconnect(request.params["id"] ?? "", value?.reason);
    response.statusCode = disconnected ? 200 : 404;
    if (disconnected) return send(response, { disconnected });
    send(response, { error: { code: "not_found", message: "there is no such peer" } });
  });

  routes.post("/drain", (_request, response) => {
    deps.drain();
    response.statusCode = 202;
    send(response, { draining: true });
  });

  const page = serveStatic(join(deps.publicFolder, "admin"));
  routes.get(["/", ...FILES], page);

  routes.use((error: unknown, _request: unknown, response: Response, next: Next) => {
    if (!(error instanceof Error && "code" in error && error.code === "unavailable")) {
      return next(error);
    }
    response.statusCode = 503;
    send(response, { error: { code: "unavailable", message: error.message } });
  });
  return routes;
}

type Response = Parameters<Middleware>[1];
type Next = Parameters<Middleware>[2];

function send(response: Response, body: object): void {
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.end(JSON.stringify(body));
}

function bodyOf(request: object): unknown {
  return "body" in request ? request.body : undefined;
}

function badRequest(message: string): Error {
  return Object.assign(new Error(message), { status: 400 });
}

/** The value, or an error for the client that names the member at fault. */
function parse<T>(
  schema: z.ZodType<T>,
  input: unknown,
  what: string,
): { value?: T; fault?: Error } {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  const member = issue?.path.join(".") || what;
  return { fault: badRequest(`${member} ${issue?.message}`) };
}
