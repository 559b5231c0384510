/** What is measured, by name, and how it reads in the table. */

export interface Figure {
  title: string;
  unit: "µs" | "KB" | "/s" | "ms" | "s";
}

export const FIGURES = {
  message: { title: "CPU per relayed message", unit: "µs" },
  call: { title: "CPU per call set up", unit: "µs" },
  clientCall: { title: "CPU per call set up by its own client", unit: "µs" },
  joinDefault: { title: "CPU per join, as its client connects by default", unit: "µs" },
  timeToJoined: { title: "time to joined at 50 ms round trip", unit: "ms" },
  joinWebSocket: { title: "CPU per join, by WebSocket alone", unit: "µs" },
  heap: { title: "heap and buffers per idle peer", unit: "KB" },
  relays: { title: "relays a second, saturated", unit: "/s" },
  p50: { title: "latency at half of that, p50", unit: "µs" },
  p99: { title: "latency at half of that, p99", unit: "µs" },
  roomOf8: { title: "CPU per arrival, to a room of 8", unit: "µs" },
  roomOf32: { title: "CPU per arrival, to a room of 32", unit: "µs" },
  memory: { title: "memory of the process per idle peer", unit: "KB" },
  restart: { title: "back after a restart, the last one in", unit: "s" },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;

/** One server's figures of one round, or those that could be had. */
export type Figures = Partial<Record<FigureName, number>>;

/** Which figure of which server at which number of peers. */
export interface Cell {
  contestant: string;
  peers: number;
  figure: FigureName;
}
