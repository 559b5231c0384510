import { Mesh, SignalingClient } from "../client/index.ts";

Object.assign(globalThis, { Mesh, SignalingClient });
