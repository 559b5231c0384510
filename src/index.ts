/** What the package gives to a program that imports it. */

export { createSignalingServer, type Overrides, type SignalingServer } from "./server.ts";
