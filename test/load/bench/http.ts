/** Requests over connections that stay open, as a browser makes them. */

import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { BROWSER_HEADERS } from "./connection.ts";

/** One connection to a server for each of a page's requests at a time. */
const agent = new Agent({ keepAlive: true });

export function get(url: string): Promise<string> {
  return send(url, "GET");
}

export function post(url: string, body: string): Promise<string> {
  return send(url, "POST", body);
}

function send(url: string, method: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers: BROWSER_HEADERS }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${answer}`));
      }, reject);
    });
    sent.on("error", (error) => {
      // The server ended an idle connection at this very moment: a browser takes another, too.
      if (sent.reusedSocket) resolve(send(url, method, body));
      else reject(error);
    });
    sent.end(body);
  });
}
