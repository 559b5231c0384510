/**
 * The public API. A server that stands alone:
 *
 * ```js
 * const server = createSignalingServer({ port: 8080, corsOrigins: ["https://app.example.com"] });
 * await server.listen();
 * ```
 *
 * Signaling on an application's own HTTP server, such as that of an Express app:
 *
 * ```js
 * const signaling = attachSignaling(httpServer, { path: "/calls/socket.io" });
 * app.use("/calls", signaling.router);
 * ```
 */

export type { Authorization, Authorize } from "./auth/authorize.ts";
export { ConfigError, optionsFromEnv } from "./config/check.ts";
export type { SignalingServerOptions } from "./config/options.ts";
export type { ErrorCode } from "./protocol/messages.ts";
export { type AttachOptions, attachSignaling, type Signaling } from "./server/attach.ts";
export { createSignalingServer, type SignalingServer } from "./server/standalone.ts";
export type { RoomPeer } from "./signaling/administration.ts";
export type { PeerEvent, SignalingEvents } from "./signaling/events.ts";
