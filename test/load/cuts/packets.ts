/** What a chunk of TCP says, as far as a cut has to know. A chunk is taken to begin with a frame or a request. */

const TEXT = 0x81;
/** As a WebSocket frame, as a poll's only packet, and as the last of several. */
const PINGS = [Buffer.from([TEXT, 1, 0x32]), Buffer.from("\r\n\r\n2"), Buffer.from("\x1e2")];

/** Whether it ends with a heartbeat of the server's: behind it, messages can be lost. */
export function saysPing(chunk: Buffer): boolean {
  return PINGS.some((ping) => chunk.subarray(-ping.length).equals(ping));
}

/** Whether a client asks for its seat: it does so with CONNECT. */
export function saysResume(chunk: Buffer): boolean {
  const sign = '"resume":{"ticket"';
  return chunk.includes(sign) || textsOf(chunk).some((text) => text.includes(sign));
}

/** The payloads of a client's WebSocket frames (RFC 6455, 5.2), up to 64 KiB each. */
function textsOf(chunk: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at + 6 <= chunk.length && chunk[at] === TEXT; ) {
    const short = chunk.readUInt8(at + 1) & 0x7f;
    const isLong = short === 126;
    if (short === 127 || (isLong && at + 8 > chunk.length)) break;
    const length = isLong ? chunk.readUInt16BE(at + 2) : short;
    const start = at + (isLong ? 8 : 6);
    const payload = Buffer.from(chunk.subarray(start, start + length));
    for (let n = 0; n < payload.length; n++) {
      payload.writeUInt8(payload.readUInt8(n) ^ chunk.readUInt8(start - 4 + (n & 3)), n);
    }
    texts.push(payload.toString());
    at = start + length;
  }
  return texts;
}
