/** A connection by polling, by hand. */

/** Opens one; what it posts and polls are payloads of Engine.IO, their packets separated by `\x1e`. */
export async function openPolling(url: string) {
  const polling = `${url}/socket.io/?EIO=4&transport=polling`;
  const handshake = await (await fetch(polling)).text();
  const [, sid = ""] = handshake.match(/"sid":"([^"]+)"/) ?? [];
  return {
    sid,
    poll: () => fetch(`${polling}&sid=${sid}`),
    post: (body: string) => fetch(`${polling}&sid=${sid}`, { method: "POST", body }),
  };
}
