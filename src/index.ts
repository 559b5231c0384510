/**
 * The server, to start from code:
 *
 * ```js
 * const server = createSignalingServer({ port: 8080, corsOrigins: ["https://app.example.com"] });
 * await server.listen();
 * ```
 */

export { ConfigError, optionsFromEnv } from "./config/check.ts";
export type { SignalingServerOptions } from "./config/options.ts";
export { createSignalingServer, type SignalingServer } from "./server.ts";
