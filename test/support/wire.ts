/** Requests and frames as bytes, for bare TCP. Works outside of vitest as well. */

/** A request without a body; `headers` are whole lines. */
export function request(path: string, { method = "GET", headers = "" } = {}): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

export function post(path: string, body: string): string {
  const headers = `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return request(path, { method: "POST", headers }) + body;
}

/** The head of a request for a WebSocket, with the headers of this one. */
export function upgradeRequest(path: string, headers: Record<string, string> = {}): string {
  const all = {
    Host: "localhost",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The first byte of a frame (RFC 6455, 5.2). FIN marks the last one of a message. */
export const FIN = 0x80;
export const OPCODE = {
  continuation: 0x00,
  text: 0x01,
  binary: 0x02,
  close: 0x08,
  ping: 0x09,
  pong: 0x0a,
};

/** A WebSocket frame, masked by zeros. */
export function frame(first: number, payload: string | Uint8Array): Buffer {
  const length = Buffer.byteLength(payload);
  const head = Buffer.alloc(length < 126 ? 6 : 14);
  head[0] = first;
  head[1] = 0x80 | Math.min(length, 127);
  if (length >= 126) {
    head[1] = 0xff;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.from(payload)]);
}
