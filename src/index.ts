/**
 * The public API. A server of its own:
 *
 * ```js
 * const server = createSignalingServer({ port: 8080, corsOrigins: ["https://app.example.com"] });
 * await server.listen();
 * ```
 *
 * Or signaling on the HTTP server of an Express application:
 *
 * ```js
 * const signaling = attachSignaling(httpServer, { path: "/calls/socket.io" });
 * app.use("/calls", signaling.router);
 * ```
 */

export { type AttachOptions, attachSignaling, type Signaling } from "./attach.ts";
export type { Authorization, Authorize } from "./auth/authorize.ts";
export { ConfigError, optionsFromEnv } from "./config/check.ts";
export type { SignalingServerOptions } from "./config/options.ts";
export type { ErrorCode } from "./protocol/messages.ts";
export { createSignalingServer, type SignalingServer } from "./server.ts";
export type { RoomPeer } from "./signaling/administration.ts";
export type { PeerEvent, SignalingEvents } from "./signaling/events.ts";
